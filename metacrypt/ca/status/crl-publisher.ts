import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { z } from "zod";
import type { AuditLog } from "../../audit/audit-log.ts";
import type { SealedRecords } from "../../barrier/sealed-records.ts";
import { type Authority, isSameIssuer } from "../authorities/authority.ts";
import type { CertificateIndex } from "../certificates/certificate-index.ts";
import type { IssuedSummary } from "../certificates/search.ts";
import { writeCrl, type RevokedEntry } from "./crl.ts";

/** What outlives a restart: enough for the next list, which is then signed anew. Lists can be larger than records. */
const lastCrl = z.strictObject({ number: z.number(), thisUpdateMs: z.number() });

type LastCrl = z.infer<typeof lastCrl>;

export interface PublishedCrl extends LastCrl {
  readonly nextUpdateMs: number;
  /** How many of the authority's certificates were revoked then, those that left the list included. */
  readonly revocations: number;
  /** DER. */
  readonly encoded: Buffer;
}

const lifetimeMs = 7 * 24 * 60 * 60 * 1_000;
/** A new list is due when so much of its lifetime is over, so that nobody ever holds one that is about to end. */
const refreshPart = 1 / 7;
/** For clocks of clients that are a little behind. */
const backdateMs = 60_000;

export interface CrlPublisherParts {
  readonly mount: string;
  readonly records: SealedRecords;
  readonly index: CertificateIndex;
  /** Of the mount. */
  readonly authorities: () => readonly Authority[];
  readonly audit: AuditLog;
  readonly clock: Clock;
}

/** The current revocation list of each authority. A list is signed when it is asked for and the last one lacks a
 * revocation or is older than a day, or there is none since the start: whatever happened in between. */
export class CrlPublisher {
  readonly #parts: CrlPublisherParts;
  readonly #current = new Map<string, PublishedCrl>();
  readonly #signing = new Map<string, Promise<PublishedCrl>>();

  constructor(parts: CrlPublisherParts) {
    this.#parts = parts;
  }

  /** Has every revocation that was stored before the call. Calls at the same time share one signature. */
  async current(authority: Authority): Promise<PublishedCrl> {
    for (;;) {
      const current = this.#current.get(authority.id);
      if (current !== undefined && !this.#isDue(authority, current)) return current;
      const signing = this.#signing.get(authority.id) ?? this.#begin(authority);
      await signing;
    }
  }

  #begin(authority: Authority): Promise<PublishedCrl> {
    const signing = this.#publish(authority, this.#last(authority.id)).finally(() =>
      this.#signing.delete(authority.id),
    );
    this.#signing.set(authority.id, signing);
    return signing;
  }

  #last(id: string): LastCrl | undefined {
    const value = this.#parts.records.get(`crls/${id}`);
    return value === undefined ? undefined : lastCrl.parse(JSON.parse(Buffer.from(value).toString("utf8")));
  }

  #isDue(authority: Authority, { revocations, thisUpdateMs }: PublishedCrl): boolean {
    if (sizeOf(this.#revoked(authority)) !== revocations) return true;
    const nowMs = this.#parts.clock.now();
    // Also where the clock was turned back: a list from the future is refused by clients.
    return nowMs >= thisUpdateMs + lifetimeMs * refreshPart || nowMs < thisUpdateMs;
  }

  /** All that was revoked of one issuer: a list is of a name and a key (RFC 5280, section 5), whatever certificates it
   * has for them. */
  #revoked(authority: Authority): ReadonlyMap<string, IssuedSummary>[] {
    const { authorities, index } = this.#parts;
    const issuers = authorities().filter((each) => isSameIssuer(each, authority));
    return issuers.map(({ id }) => index.revoked(id));
  }

  async #publish(authority: Authority, last: LastCrl | undefined): Promise<PublishedCrl> {
    const { mount, records, audit, clock } = this.#parts;
    const nowMs = clock.now();
    const revoked = this.#revoked(authority);
    const contents = {
      number: (last?.number ?? 0) + 1,
      thisUpdateMs: Math.floor((nowMs - backdateMs) / 1_000) * 1_000,
      nextUpdateMs: Math.floor((nowMs + lifetimeMs) / 1_000) * 1_000,
      revoked: entriesOf(
        revoked.flatMap((each) => [...each.values()]),
        last?.thisUpdateMs ?? -Infinity,
      ),
    };
    const { number, thisUpdateMs, nextUpdateMs } = contents;
    const revocations = sizeOf(revoked);
    const encoded = await writeCrl(contents, authority);
    const published = { number, thisUpdateMs, nextUpdateMs, revocations, encoded };
    const entry = {
      actor: "metacrypt",
      operation: "ca/publish-crl",
      mount,
      subject: authority.name,
      facts: { number: String(number), entries: String(contents.revoked.length) },
    };
    audit.change(entry, () =>
      records.put(`crls/${authority.id}`, Buffer.from(JSON.stringify({ number, thisUpdateMs }))),
    );
    this.#current.set(authority.id, published);
    return published;
  }
}

function sizeOf(maps: readonly ReadonlyMap<string, unknown>[]): number {
  return maps.reduce((sum, { size }) => sum + size, 0);
}

/** Certificates stay on the list until one was published after their end (RFC 5280, section 3.3). */
function entriesOf(summaries: readonly IssuedSummary[], lastUpdateMs: number): RevokedEntry[] {
  const entries: RevokedEntry[] = [];
  for (const { serialNumber, notAfterMs, revocation } of summaries) {
    if (revocation !== undefined && notAfterMs >= lastUpdateMs) entries.push({ serialNumber, revocation });
  }
  return entries;
}
