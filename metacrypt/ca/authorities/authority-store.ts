import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { z } from "zod";
import type { SealedRecords } from "../../barrier/sealed-records.ts";
import { openAuthority, storedAuthority, type Authority, type StoredAuthority } from "./authority.ts";

/** A key that waits for its certificate from elsewhere. */
const pendingAuthority = z.strictObject({
  id: z.string(),
  name: z.string(),
  createdMs: z.number(),
  /** DER, base64. */
  request: z.string(),
  /** PKCS #8, PEM. Secret. */
  privateKey: z.string(),
});

export type PendingAuthority = z.infer<typeof pendingAuthority>;

const defaultSetting = z.strictObject({ id: z.string() });

const authoritiesMaximum = 100;
const defaultPath = "default-authority";
const namePattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** The authorities of a mount. Reads are of memory; writes belong into a transaction of the caller, who afterwards calls
 * `reload`. */
export class AuthorityStore {
  readonly #records: SealedRecords;
  #authorities = new Map<string, Authority>();
  #default: string | undefined;

  constructor(records: SealedRecords) {
    this.#records = records;
    this.reload();
  }

  /** Oldest first. */
  all(): Authority[] {
    return [...this.#authorities.values()];
  }

  get defaultId(): string | undefined {
    return this.#default;
  }

  /** By id, by name, or the default where nothing is named.
   * @throws DetailedError `AUTHORITY_NOT_FOUND`, `AUTHORITY_MISSING` */
  get(reference = ""): Authority {
    const wanted = reference === "" || reference === "default" ? this.#default : reference;
    if (wanted === undefined) throw noAuthority();
    const found = this.#authorities.get(wanted) ?? this.all().find(({ name }) => name === wanted);
    if (found !== undefined) return found;
    throw new DetailedError({
      code: "AUTHORITY_NOT_FOUND",
      category: "not-found",
      attempted: "use authority",
      subject: reference,
      found: "no authority of this mount with that id or name",
      remedy: "look with: metacrypt ca authorities",
    });
  }

  /** The first one becomes the default. */
  add(authority: StoredAuthority): void {
    this.#put(authority);
    if (this.#default === undefined) this.setDefault(authority.id);
  }

  setDefault(id: string): void {
    this.#records.put(defaultPath, encode({ id }));
  }

  /** Renames it, or ends or resumes its issuing. */
  change(id: string, change: { readonly name?: string; readonly disabled?: boolean }): void {
    const stored = decode(storedAuthority, this.#records.get(`authorities/${id}`));
    if (stored !== undefined) this.#put({ ...stored, ...change });
  }

  /** @throws DetailedError `AUTHORITY_NAME_INVALID`, `AUTHORITY_EXISTS`, `AUTHORITIES_TOO_MANY` */
  checkNewName(name: string): void {
    if (!namePattern.test(name) || name === "default") throw nameInvalid(name);
    if (this.all().some((each) => each.name === name || each.id === name)) throw nameTaken(name);
    if (this.#authorities.size + this.pending().length >= authoritiesMaximum) throw tooMany();
  }

  pending(): PendingAuthority[] {
    return this.#records.list("pending/").flatMap((path) => {
      return decode(pendingAuthority, this.#records.get(path)) ?? [];
    });
  }

  addPending(pending: PendingAuthority): void {
    this.#records.put(`pending/${pending.id}`, encode(pending));
  }

  removePending(id: string): void {
    this.#records.delete(`pending/${id}`);
  }

  /** Takes over what is stored. */
  reload(): void {
    const stored = this.#records.list("authorities/").flatMap((path) => {
      return decode(storedAuthority, this.#records.get(path)) ?? [];
    });
    const byAge = stored.toSorted((left, right) => left.createdMs - right.createdMs);
    this.#authorities = new Map(byAge.map((each) => [each.id, openAuthority(each)]));
    this.#default = decode(defaultSetting, this.#records.get(defaultPath))?.id;
  }

  #put(authority: StoredAuthority): void {
    this.#records.put(`authorities/${authority.id}`, encode(authority));
  }
}

function encode(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

function decode<T>(schema: z.ZodType<T>, value: Uint8Array | undefined): T | undefined {
  return value === undefined ? undefined : schema.parse(JSON.parse(Buffer.from(value).toString("utf8")));
}

function noAuthority(): DetailedError {
  return new DetailedError({
    code: "AUTHORITY_MISSING",
    category: "failed-precondition",
    attempted: "use the mount's default authority",
    found: "a mount without an authority",
    remedy: "create one with: metacrypt ca root, or metacrypt ca import",
  });
}

function nameInvalid(name: string): DetailedError {
  return new DetailedError({
    code: "AUTHORITY_NAME_INVALID",
    category: "invalid-argument",
    attempted: "name an authority",
    subject: JSON.stringify(name.slice(0, 100)),
    found: "something other than 1 to 63 of a-z, 0-9 and hyphens",
    remedy: "choose a name like issuing-2026",
  });
}

function nameTaken(name: string): DetailedError {
  return new DetailedError({
    code: "AUTHORITY_EXISTS",
    category: "already-exists",
    attempted: "create authority",
    subject: name,
    found: "an authority of that name in this mount",
    remedy: "choose another name; authorities are never replaced, since their certificates live on",
  });
}

function tooMany(): DetailedError {
  return new DetailedError({
    code: "AUTHORITIES_TOO_MANY",
    category: "resource-exhausted",
    attempted: "create an authority",
    found: `${authoritiesMaximum} in this mount already`,
    remedy: "use another mount",
  });
}
