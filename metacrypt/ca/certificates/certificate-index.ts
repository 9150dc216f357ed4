import { matcherFor, type CertificateFilter, type IssuedSummary } from "./search.ts";

export interface SearchPage {
  readonly found: IssuedSummary[];
  /** For the next page; undefined: that was all. */
  readonly next: string | undefined;
}

/** All certificates of a mount in memory, in the order in which they were issued. */
export class CertificateIndex {
  readonly #bySerial = new Map<string, IssuedSummary>();
  /** By time of issue, then serial number. */
  #ordered: IssuedSummary[] = [];
  /** Of each authority. */
  readonly #revoked = new Map<string, Map<string, IssuedSummary>>();

  constructor(summaries: readonly IssuedSummary[]) {
    this.#ordered = summaries.toSorted(byIssue);
    for (const summary of this.#ordered) this.#remember(summary);
  }

  get size(): number {
    return this.#ordered.length;
  }

  get(serialNumber: string): IssuedSummary | undefined {
    return this.#bySerial.get(serialNumber);
  }

  /** The revoked certificates of an authority. */
  revoked(issuer: string): ReadonlyMap<string, IssuedSummary> {
    return this.#revoked.get(issuer) ?? new Map<string, IssuedSummary>();
  }

  add(summary: IssuedSummary): void {
    this.#ordered.splice(this.#positionOf(summary), 0, summary);
    this.#remember(summary);
  }

  /** Takes the place of the one with the same serial number, issued at the same time. */
  replace(summary: IssuedSummary): void {
    this.#ordered[this.#positionOf(summary)] = summary;
    this.#remember(summary);
  }

  /** Newest first.
   * @param page.after `next` of the page before */
  search(
    filter: CertificateFilter,
    page: { readonly limit: number; readonly after?: string },
    nowMs: number,
  ): SearchPage {
    const matches = matcherFor(filter, nowMs);
    const found: IssuedSummary[] = [];
    for (let position = this.#startOf(page.after); position >= 0; position -= 1) {
      const summary = this.#ordered[position];
      if (summary === undefined || !matches(summary)) continue;
      const last = found.at(-1);
      if (found.length === page.limit && last !== undefined) return { found, next: tokenOf(last) };
      found.push(summary);
    }
    return { found, next: undefined };
  }

  #startOf(after: string | undefined): number {
    const [issued = "", serialNumber = ""] = after?.split(".") ?? [];
    if (after === undefined) return this.#ordered.length - 1;
    return this.#positionOf({ issuedMs: Number(issued), serialNumber }) - 1;
  }

  #remember(summary: IssuedSummary): void {
    const { serialNumber, issuer, revocation } = summary;
    this.#bySerial.set(serialNumber, summary);
    if (revocation === undefined) return;
    const revoked = this.#revoked.get(issuer) ?? new Map<string, IssuedSummary>();
    this.#revoked.set(issuer, revoked.set(serialNumber, summary));
  }

  /** Where it is or belongs: nearly always at the end. */
  #positionOf(wanted: Pick<IssuedSummary, "issuedMs" | "serialNumber">): number {
    let [low, high] = [0, this.#ordered.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const there = this.#ordered[middle];
      if (there !== undefined && byIssue(there, wanted) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function byIssue(
  left: Pick<IssuedSummary, "issuedMs" | "serialNumber">,
  right: Pick<IssuedSummary, "issuedMs" | "serialNumber">,
): number {
  if (left.issuedMs !== right.issuedMs) return left.issuedMs - right.issuedMs;
  if (left.serialNumber === right.serialNumber) return 0;
  return left.serialNumber < right.serialNumber ? -1 : 1;
}

function tokenOf({ issuedMs, serialNumber }: IssuedSummary): string {
  return `${issuedMs}.${serialNumber}`;
}
