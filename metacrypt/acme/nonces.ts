import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Clock } from "@metacircular/mcdsl/clock.ts";

const lifetimeMs = 3_600_000;
const usedMaximum = 65_536;
const bodyBytes = 12;
const tagBytes = 16;

/** Nonces that can be used once (RFC 8555, section 6.5). Handing them out takes no memory: each carries its time and
 * a number, authenticated by a key of this process. Only used ones are remembered, at most 65,536 of the last hour;
 * beyond that the oldest become unusable. After a restart all are: clients then get badNonce, and try again. */
export class Nonces {
  readonly #key = randomBytes(32);
  readonly #clock: Pick<Clock, "now">;
  /** By the order of use, with the time of issue. */
  readonly #used = new Map<string, number>();
  #counter = 0;
  #notBeforeMs = 0;

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  create(): string {
    const body = Buffer.alloc(bodyBytes);
    body.writeUIntBE(this.#clock.now(), 0, 6);
    body.writeUIntBE(this.#counter, 6, 6);
    this.#counter += 1;
    return Buffer.concat([body, this.#tag(body)]).toString("base64url");
  }

  /** Whether it is one of ours and unused; from now on it is used. */
  use(nonce: string): boolean {
    const bytes = Buffer.from(nonce, "base64url");
    if (bytes.length !== bodyBytes + tagBytes || bytes.toString("base64url") !== nonce) return false;
    const body = bytes.subarray(0, bodyBytes);
    if (!timingSafeEqual(bytes.subarray(bodyBytes), this.#tag(body))) return false;
    const issuedMs = body.readUIntBE(0, 6);
    const nowMs = this.#clock.now();
    if (issuedMs < this.#notBeforeMs || issuedMs + lifetimeMs < nowMs || this.#used.has(nonce)) return false;
    this.#used.set(nonce, issuedMs);
    this.#forget(nowMs);
    return true;
  }

  #tag(body: Buffer): Buffer {
    return createHmac("sha256", this.#key).update(body).digest().subarray(0, tagBytes);
  }

  #forget(nowMs: number): void {
    for (const [nonce, issuedMs] of this.#used) {
      if (issuedMs + lifetimeMs >= nowMs) {
        if (this.#used.size <= usedMaximum) return;
        this.#notBeforeMs = Math.max(this.#notBeforeMs, issuedMs + 1);
      }
      this.#used.delete(nonce);
    }
  }
}
