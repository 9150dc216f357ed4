import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { createPublicKey, createPrivateKey } from "node:crypto";
import type { AuditLog } from "../../audit/audit-log.ts";
import type { AuthorityStore, PendingAuthority } from "./authority-store.ts";
import type { Authority, StoredAuthority } from "./authority.ts";
import { makePending, makeRoot, storedForm, type AuthorityWish } from "./authority-creation.ts";
import { matchingKey, readChain } from "./imported-authority.ts";

export interface AuthorityDeskParts {
  readonly mount: string;
  readonly authorities: AuthorityStore;
  readonly audit: AuditLog;
  readonly clock: Clock;
}

/** Makes, takes over and changes the authorities of a mount; each change is in the audit log. */
export class AuthorityDesk {
  readonly #parts: AuthorityDeskParts;

  constructor(parts: AuthorityDeskParts) {
    this.#parts = parts;
  }

  /** @throws DetailedError `AUTHORITY_…`, `CERTIFICATE_…` */
  async createRoot(wish: AuthorityWish, by: string): Promise<Authority> {
    this.#parts.authorities.checkNewName(wish.name);
    return this.#add(await makeRoot(wish, this.#parts.clock), "ca/create-root", by);
  }

  /** Takes over an authority with its key, for instance one that clients trust already.
   * @param certificatePem its certificate, then those of its issuers
   * @param privateKeyPem secret
   * @throws DetailedError `AUTHORITY_INVALID`, `AUTHORITY_EXISTS`, … */
  import(name: string, certificatePem: string, privateKeyPem: string, by: string): Authority {
    const { authorities, clock } = this.#parts;
    authorities.checkNewName(name);
    const { certificate, chain } = readChain(certificatePem, clock.now());
    const key = matchingKey(privateKeyPem, certificate).export({ type: "pkcs8", format: "pem" });
    const there = authorities.all().find((each) => each.certificate.encoded.equals(certificate.encoded));
    if (there !== undefined) throw sameCertificate(there);
    return this.#add(storedForm(name, certificate, chain, key, clock), "ca/import-authority", by);
  }

  /** Makes a key, which stays here, and a request for its certificate. */
  async requestIntermediate(wish: AuthorityWish, by: string): Promise<PendingAuthority> {
    const { authorities, clock } = this.#parts;
    authorities.checkNewName(wish.name);
    const pending = await makePending(wish, clock);
    this.#change("ca/request-intermediate", wish.name, by, () => {
      authorities.checkNewName(wish.name);
      authorities.addPending(pending);
    });
    return pending;
  }

  /** Makes an authority of a request and the certificate that was issued for it.
   * @param chainPem its certificate, then those of its issuers
   * @throws DetailedError `AUTHORITY_REQUEST_NOT_FOUND`, `AUTHORITY_INVALID` */
  complete(requestId: string, chainPem: string, by: string): Authority {
    const { authorities, clock } = this.#parts;
    const pending = this.pending(requestId);
    const { certificate, chain } = readChain(chainPem, clock.now());
    const key = matchingKey(pending.privateKey, certificate).export({ type: "pkcs8", format: "pem" });
    const authority = storedForm(pending.name, certificate, chain, key, clock);
    return this.#add(authority, "ca/import-intermediate", by, () => authorities.removePending(pending.id));
  }

  /** @throws DetailedError `AUTHORITY_REQUEST_NOT_FOUND` */
  pending(requestId: string): PendingAuthority {
    const pending = this.#parts.authorities.pending().find(({ id }) => id === requestId);
    if (pending !== undefined) return pending;
    throw new DetailedError({
      code: "AUTHORITY_REQUEST_NOT_FOUND",
      category: "not-found",
      attempted: "complete the request for an intermediate authority",
      subject: JSON.stringify(requestId.slice(0, 100)),
      found: "no such request in this mount",
      remedy: "make one with: metacrypt ca intermediate --csr",
    });
  }

  /** Gives up a request; its key is forgotten.
   * @throws DetailedError `AUTHORITY_REQUEST_NOT_FOUND` */
  dropPending(requestId: string, by: string): void {
    const { id, name } = this.pending(requestId);
    this.#change("ca/drop-request", name, by, () => this.#parts.authorities.removePending(id));
  }

  /** Renames an authority, ends or resumes its issuing, or makes it the one that issues where nothing is said. */
  change(
    reference: string,
    wish: { readonly name?: string; readonly disabled?: boolean; readonly makeDefault?: boolean },
    by: string,
  ): Authority {
    const { authorities } = this.#parts;
    const { id, name } = authorities.get(reference);
    const { makeDefault = false, name: newName = name, disabled } = wish;
    if (newName !== name) authorities.checkNewName(newName);
    this.#change("ca/change-authority", name, by, () => {
      authorities.change(id, { name: newName, ...(disabled === undefined ? {} : { disabled }) });
      if (makeDefault) authorities.setDefault(id);
    });
    return authorities.get(id);
  }

  #add(
    authority: StoredAuthority,
    operation: string,
    by: string,
    also: () => void = () => undefined,
  ): Authority {
    const { authorities } = this.#parts;
    this.#change(operation, authority.name, by, () => {
      authorities.checkNewName(authority.name);
      also();
      authorities.add(authority);
    });
    return authorities.get(authority.id);
  }

  #change(operation: string, subject: string, by: string, work: () => void): void {
    const { audit, authorities, mount } = this.#parts;
    audit.change({ actor: by, operation, mount, subject }, work);
    authorities.reload();
  }
}

/** The public key of a private one, SubjectPublicKeyInfo, DER. */
export function publicKeyOf(privateKeyPem: string): Uint8Array {
  return createPublicKey(createPrivateKey(privateKeyPem)).export({ type: "spki", format: "der" });
}

function sameCertificate({ name }: Authority): DetailedError {
  return new DetailedError({
    code: "AUTHORITY_EXISTS",
    category: "already-exists",
    attempted: "take over the authority",
    found: `this mount has it already, as ${name}`,
    remedy: "use that one",
  });
}
