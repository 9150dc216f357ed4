import type { AcmeAccount } from "./account.ts";
import type { Nonces } from "./nonces.ts";
import type { AcmeMount, AcmePorts, RandomToken } from "./ports.ts";
import type { AcmeSettings } from "./settings.ts";
import type { AcmeStore } from "./store/acme-store.ts";
import type { AcmeUrls } from "./urls.ts";
import type { AcmeWorker } from "./worker.ts";

/** What every request of a mount is answered with. */
export interface MountContext {
  readonly ports: AcmePorts;
  readonly mount: AcmeMount;
  readonly store: AcmeStore;
  readonly settings: AcmeSettings;
  readonly urls: AcmeUrls;
  readonly nonces: Nonces;
  readonly worker: AcmeWorker;
  readonly random: RandomToken;
  /** Milliseconds since the epoch, of the request. */
  readonly nowMs: number;
  /** Address of the client. */
  readonly address: string;
}

/** A new id: 16 random bytes, hexadecimal. */
export function newId(random: RandomToken): string {
  return Buffer.from(random(16), "base64url").toString("hex");
}

/** For the audit log. */
export function actorOf(account: Pick<AcmeAccount, "id">): string {
  return `acme:${account.id}`;
}
