import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { createPrivateKey, randomBytes } from "node:crypto";
import { readCertificate, type Certificate } from "../certificate.ts";
import { generateKeyPairOf } from "../key-pair.ts";
import type { KeyType } from "../key-type.ts";
import type { NameConstraints } from "../name-constraints.ts";
import { profiles, type Profile } from "../profile.ts";
import { randomSerialNumber } from "../serial-number.ts";
import { sign } from "../sign.ts";
import { writeSigningRequest } from "../signing-request.ts";
import { certificateTemplate, type SubjectFields } from "../template.ts";
import type { StoredAuthority } from "./authority.ts";
import type { PendingAuthority } from "./authority-store.ts";

/** What an authority to be made is like. */
export interface AuthorityWish {
  /** For people; unique in the mount. */
  readonly name: string;
  readonly subject: SubjectFields;
  readonly keyType: KeyType;
  /** Default: the profile's. */
  readonly lifetimeMs?: number;
  /** How many authorities may be below one another; default: the profile's. `unbounded` for roots alone. */
  readonly pathLength?: number | "unbounded";
  readonly nameConstraints?: NameConstraints;
}

/** A key, and a root certificate that it signed itself. Nothing is stored. */
export async function makeRoot(wish: AuthorityWish, clock: Clock): Promise<StoredAuthority> {
  const { privateKeyPem, publicKey } = await generateKeyPairOf(wish.keyType);
  const template = certificateTemplate(
    authorityProfile(profiles.root, wish.pathLength),
    authorityRequest(wish, publicKey),
    { serialNumber: randomSerialNumber(), nowMs: clock.now(), issuerNotAfterMs: Infinity },
  );
  const encoded = await sign(template, {
    certificate: undefined,
    privateKey: createPrivateKey(privateKeyPem),
  });
  return storedForm(wish.name, readCertificate(encoded), [], privateKeyPem, clock);
}

/** A key, and a request for somebody else to sign. Nothing is stored. */
export async function makePending(wish: AuthorityWish, clock: Clock): Promise<PendingAuthority> {
  const { privateKeyPem, publicKey } = await generateKeyPairOf(wish.keyType);
  const request = await writeSigningRequest(wish.subject, publicKey, createPrivateKey(privateKeyPem));
  return {
    id: newId(),
    name: wish.name,
    createdMs: clock.now(),
    request: request.toString("base64"),
    privateKey: privateKeyPem,
  };
}

/** What a certificate for the wish has to be asked for with. */
export function authorityRequest(
  wish: Pick<AuthorityWish, "subject" | "lifetimeMs" | "nameConstraints">,
  publicKey: Uint8Array,
): Parameters<typeof certificateTemplate>[1] {
  const { lifetimeMs, nameConstraints } = wish;
  return {
    ...wish.subject,
    names: [],
    publicKey,
    ...(lifetimeMs === undefined ? {} : { lifetimeMs }),
    ...(nameConstraints === undefined ? {} : { nameConstraints }),
  };
}

/** The profile, with another bound of the authorities below. */
export function authorityProfile(
  profile: Profile & { readonly authority: NonNullable<Profile["authority"]> },
  pathLength: AuthorityWish["pathLength"],
): Profile {
  if (pathLength === undefined) return profile;
  return { ...profile, authority: { pathLength: pathLength === "unbounded" ? undefined : pathLength } };
}

/** @param chain the issuers above, nearest first */
export function storedForm(
  name: string,
  certificate: Certificate,
  chain: readonly Certificate[],
  privateKeyPem: string,
  clock: Clock,
): StoredAuthority {
  return {
    id: newId(),
    name,
    createdMs: clock.now(),
    disabled: false,
    certificate: certificate.encoded.toString("base64"),
    chain: chain.map(({ encoded }) => encoded.toString("base64")),
    privateKey: privateKeyPem,
  };
}

function newId(): string {
  return randomBytes(8).toString("hex");
}
