import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { CaMount } from "../mount.ts";
import type { Issued } from "../issuer.ts";
import { pemOf } from "../pem.ts";
import { profiles } from "../profile.ts";
import { authorityProfile, authorityRequest, type AuthorityWish } from "./authority-creation.ts";
import { publicKeyOf } from "./authority-desk.ts";
import type { Authority } from "./authority.ts";

/** An authority that signs the certificates of others. */
export interface SigningAuthority {
  readonly mount: CaMount;
  /** Id or name; empty: the default of its mount. */
  readonly id: string;
}

/** Makes a key in a mount and has an authority of the same or another mount sign its certificate. Killed in between, it
 * leaves a request that can be completed or dropped, and no certificate that is not recorded.
 * @throws DetailedError `AUTHORITY_…`, `CERTIFICATE_…` */
export async function createIntermediate(
  request: { readonly mount: CaMount; readonly wish: AuthorityWish; readonly issuer: SigningAuthority },
  by: string,
): Promise<Authority> {
  const { mount, wish, issuer } = request;
  const above = issuer.mount.authorities.get(issuer.id);
  // Before a key is made for nothing.
  checkPathLength(above, wish.pathLength ?? profiles.intermediate.authority.pathLength);
  const pending = await mount.desk.requestIntermediate(wish, by);
  try {
    const publicKey = publicKeyOf(pending.privateKey);
    const issued = await signAuthority({ issuer, wish, publicKey }, by);
    return mount.desk.complete(pending.id, issued.chainPem + rootOf(above), by);
  } catch (thrown) {
    mount.desk.dropPending(pending.id, by);
    throw thrown;
  }
}

/** Signs the certificate of an authority, whoever has its key.
 * @param request.publicKey SubjectPublicKeyInfo, DER
 * @throws DetailedError `AUTHORITY_PATH_TOO_LONG`, `CERTIFICATE_…` */
export function signAuthority(
  request: {
    readonly issuer: SigningAuthority;
    readonly wish: Pick<AuthorityWish, "subject" | "lifetimeMs" | "pathLength" | "nameConstraints">;
    readonly publicKey: Uint8Array;
  },
  by: string,
): Promise<Issued> {
  const { issuer, wish, publicKey } = request;
  const above = issuer.mount.authorities.get(issuer.id);
  checkPathLength(above, wish.pathLength ?? profiles.intermediate.authority.pathLength);
  return issuer.mount.issueBy(authorityProfile(profiles.intermediate, wish.pathLength), {
    ...authorityRequest(wish, publicKey),
    requester: by,
    issuer: above.id,
  });
}

function checkPathLength({ name, pathLength }: Authority, below: number | "unbounded"): void {
  if (pathLength === undefined) return;
  if (below !== "unbounded" && below < pathLength) return;
  throw new DetailedError({
    code: "AUTHORITY_PATH_TOO_LONG",
    category: "failed-precondition",
    attempted: "sign an authority with path length",
    subject: String(below),
    found: `issuer ${name} has path length ${pathLength}`,
    remedy:
      pathLength === 0
        ? "use an issuer that may sign authorities"
        : `ask for a path length below ${pathLength}`,
  });
}

/** The certificates above that answers leave out. */
function rootOf(above: Authority): string {
  return [above.certificate, ...above.chain]
    .filter((certificate) => certificate.subject.equals(certificate.issuer))
    .map(({ encoded }) => pemOf("CERTIFICATE", encoded))
    .join("");
}
