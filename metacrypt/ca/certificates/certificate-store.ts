import { setImmediate as nextTurn } from "node:timers/promises";
import { z } from "zod";
import type { SealedRecords } from "../../barrier/sealed-records.ts";
import { reasonNames } from "../revocation.ts";
import { CertificateIndex } from "./certificate-index.ts";
import type { IssuedSummary } from "./search.ts";

const storedSummary = z.strictObject({
  serialNumber: z.string(),
  issuer: z.string(),
  profile: z.string(),
  requester: z.string(),
  names: z.array(z.string()),
  commonName: z.string(),
  notBeforeMs: z.number(),
  notAfterMs: z.number(),
  issuedMs: z.number(),
  fingerprint: z.string(),
  revocation: z.optional(z.strictObject({ atMs: z.number(), reason: z.enum(reasonNames), by: z.string() })),
});

const pageSize = 1_000;

/** Every certificate that a mount issued. What is searched is in a record of its own beside the certificate, and in
 * memory. Writes belong into a transaction; `index` is told by the caller once that is done. */
export class CertificateStore {
  readonly index: CertificateIndex;
  readonly #records: SealedRecords;

  /** Reads what is known of all certificates; the event loop gets its turns in between. */
  static async open(records: SealedRecords): Promise<CertificateStore> {
    const summaries: IssuedSummary[] = [];
    for (let page = records.list("index/", { limit: pageSize }); page.length > 0;) {
      for (const path of page) summaries.push(read(records.get(path)));
      const after = page.at(-1);
      page = after === undefined ? [] : records.list("index/", { limit: pageSize, after });
      await nextTurn();
    }
    return new CertificateStore(records, summaries);
  }

  private constructor(records: SealedRecords, summaries: readonly IssuedSummary[]) {
    this.#records = records;
    this.index = new CertificateIndex(summaries);
  }

  /** @param encoded the certificate, DER */
  put(summary: IssuedSummary, encoded: Uint8Array): void {
    this.#records.put(`certificates/${summary.serialNumber}`, encoded);
    this.putSummary(summary);
  }

  putSummary(summary: IssuedSummary): void {
    this.#records.put(`index/${summary.serialNumber}`, Buffer.from(JSON.stringify(summary)));
  }

  /** The certificate, DER. */
  encoded(serialNumber: string): Uint8Array {
    const encoded = this.#records.get(`certificates/${serialNumber}`);
    if (encoded === undefined) throw new Error(`certificate ${serialNumber} is in the index alone`);
    return encoded;
  }
}

function read(value: Uint8Array | undefined): IssuedSummary {
  const stored = storedSummary.parse(JSON.parse(Buffer.from(value ?? []).toString("utf8")));
  return { ...stored, revocation: stored.revocation };
}
