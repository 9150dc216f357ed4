import { keyTypes, type KeyType } from "./key-type.ts";
import type { NameType } from "./subject-name.ts";

/** What kind of certificate may be issued: data, so that a new kind is a new row. */
export interface Profile {
  readonly name: string;
  /** Set for certificates that sign others. `pathLength` bounds the authorities below; undefined: no bound. */
  readonly authority?: { readonly pathLength: number | undefined };
  /** Those that a key of another kind cannot do are left out (RFC 3279, 5480, 8410). */
  readonly keyUsages: readonly KeyUsage[];
  /** Names, or object identifiers in dotted form. */
  readonly extendedKeyUsages: readonly string[];
  readonly nameTypes: readonly NameType[];
  /** Whether `*.example.org` may be asked for. */
  readonly wildcards: boolean;
  /** `names`: the common name must be one of the names. `any`: a person's or a program's own. */
  readonly commonName: "names" | "any";
  readonly keyTypes: readonly KeyType[];
  readonly maximumNames: number;
  /** Used where a request does not say. */
  readonly defaultLifetimeMs: number;
  /** Longer requests are refused. */
  readonly maximumLifetimeMs: number;
}

/** RFC 5280, section 4.2.1.3, with the number of each bit. */
export const keyUsageBits = {
  digitalSignature: 0,
  contentCommitment: 1,
  keyEncipherment: 2,
  dataEncipherment: 3,
  keyAgreement: 4,
  keyCertSign: 5,
  cRLSign: 6,
} as const;

export type KeyUsage = keyof typeof keyUsageBits;

const dayMs = 24 * 60 * 60 * 1_000;

const leaf = {
  keyUsages: ["digitalSignature"],
  wildcards: false,
  keyTypes,
  maximumNames: 100,
  defaultLifetimeMs: 90 * dayMs,
  maximumLifetimeMs: 398 * dayMs,
} as const;

const signer = {
  keyUsages: ["keyCertSign", "cRLSign", "digitalSignature"],
  extendedKeyUsages: [],
  nameTypes: [],
  wildcards: false,
  commonName: "any",
  keyTypes,
  maximumNames: 0,
} as const;

/** The profiles that every authority has. `digitalSignature` lets authorities sign status answers themselves. */
export const profiles = {
  root: {
    ...signer,
    name: "root",
    authority: { pathLength: 1 },
    defaultLifetimeMs: 3_650 * dayMs,
    maximumLifetimeMs: 9_132 * dayMs,
  },
  intermediate: {
    ...signer,
    name: "intermediate",
    authority: { pathLength: 0 },
    defaultLifetimeMs: 1_826 * dayMs,
    maximumLifetimeMs: 5_479 * dayMs,
  },
  /** For TLS servers. Who may have a wildcard is for the policy to say. */
  server: {
    ...leaf,
    name: "server",
    extendedKeyUsages: ["serverAuth"],
    nameTypes: ["dns", "ip"],
    wildcards: true,
    commonName: "names",
  },
  /** For TLS clients: programs and people. */
  client: {
    ...leaf,
    name: "client",
    extendedKeyUsages: ["clientAuth"],
    nameTypes: ["dns", "ip", "email", "uri"],
    commonName: "any",
  },
  /** For both ends of mutual TLS. */
  peer: {
    ...leaf,
    name: "peer",
    extendedKeyUsages: ["serverAuth", "clientAuth"],
    nameTypes: ["dns", "ip", "uri"],
    commonName: "names",
  },
} as const satisfies Record<string, Profile>;
