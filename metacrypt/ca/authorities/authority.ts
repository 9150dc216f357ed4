import { createPrivateKey, type KeyObject } from "node:crypto";
import { z } from "zod";
import { basicConstraintsOf, readCertificate, type Certificate } from "../certificate.ts";
import { keyTypeOf, type KeyType } from "../key-type.ts";
import type { NameConstraints } from "../name-constraints.ts";
import { nameConstraintsOf } from "../read-name-constraints.ts";

/** An authority as it is stored. Octets are base64. */
export const storedAuthority = z.strictObject({
  id: z.string(),
  name: z.string(),
  createdMs: z.number(),
  /** It issues nothing any more, but still answers for what it issued. */
  disabled: z.boolean(),
  certificate: z.string(),
  /** The issuers above, up to the root where it is known. */
  chain: z.array(z.string()),
  /** PKCS #8, PEM. Secret. */
  privateKey: z.string(),
});

export type StoredAuthority = z.infer<typeof storedAuthority>;

/** An authority that is ready to sign. */
export interface Authority {
  /** In addresses; never changes. */
  readonly id: string;
  /** For people; unique in the mount. */
  readonly name: string;
  readonly createdMs: number;
  readonly disabled: boolean;
  readonly certificate: Certificate;
  /** The issuers above, up to the root where it is known. */
  readonly chain: readonly Certificate[];
  readonly privateKey: KeyObject;
  readonly keyType: KeyType;
  /** Undefined: no bound. */
  readonly pathLength: number | undefined;
  /** Of itself and of the issuers above. */
  readonly constraints: readonly NameConstraints[];
}

/** @throws TypeError when what is stored is not what was stored */
export function openAuthority(stored: StoredAuthority): Authority {
  const certificate = readCertificate(Buffer.from(stored.certificate, "base64"));
  const chain = stored.chain.map((each) => readCertificate(Buffer.from(each, "base64")));
  const privateKey = createPrivateKey(stored.privateKey);
  const keyType = keyTypeOf(privateKey);
  if (keyType === undefined) throw new TypeError(`authority ${stored.id} has a key of no known kind`);
  const { id, name, createdMs, disabled } = stored;
  return {
    id,
    name,
    createdMs,
    disabled,
    certificate,
    chain,
    privateKey,
    keyType,
    pathLength: basicConstraintsOf(certificate).pathLength,
    constraints: [certificate, ...chain].flatMap((each) => nameConstraintsOf(each) ?? []),
  };
}

/** Whether both sign in the same name with the same key: one of them is the other, renewed. */
export function isSameIssuer(
  { certificate: one }: Pick<Authority, "certificate">,
  { certificate: other }: Pick<Authority, "certificate">,
): boolean {
  return one.subject.equals(other.subject) && one.publicKey.equals(other.publicKey);
}

/** Whether it signed its own certificate. */
export function isRoot({ certificate }: Pick<Authority, "certificate">): boolean {
  return certificate.subject.equals(certificate.issuer);
}
