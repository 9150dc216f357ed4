/** What kind of certificate may be issued: data, so that a new kind is a new row. */
export interface Profile {
  readonly name: string;
  /** Set for certificates that sign others. `pathLength` bounds the authorities below it. */
  readonly authority?: { readonly pathLength: number };
  readonly keyUsages: readonly KeyUsage[];
  readonly extendedKeyUsages: readonly ExtendedKeyUsage[];
  /** Used where a request does not say. */
  readonly defaultLifetimeMs: number;
  /** Longer requests are refused. */
  readonly maximumLifetimeMs: number;
}

/** RFC 5280, section 4.2.1.3. */
export type KeyUsage = "digitalSignature" | "keyCertSign" | "cRLSign";

/** RFC 5280, section 4.2.1.12. */
export type ExtendedKeyUsage = "serverAuth" | "clientAuth";

const dayMs = 24 * 60 * 60 * 1_000;

export const profiles = {
  root: {
    name: "root",
    authority: { pathLength: 1 },
    keyUsages: ["keyCertSign", "cRLSign"],
    extendedKeyUsages: [],
    defaultLifetimeMs: 3_650 * dayMs,
    maximumLifetimeMs: 7_300 * dayMs,
  },
  server: {
    name: "server",
    keyUsages: ["digitalSignature"],
    extendedKeyUsages: ["serverAuth"],
    defaultLifetimeMs: 90 * dayMs,
    maximumLifetimeMs: 398 * dayMs,
  },
} as const satisfies Record<string, Profile>;
