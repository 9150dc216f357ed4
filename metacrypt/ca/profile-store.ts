import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { z } from "zod";
import type { SealedRecords } from "../barrier/sealed-records.ts";
import { extendedKeyUsageIds } from "./der/object-identifiers.ts";
import { keyTypes } from "./key-type.ts";
import { keyUsageBits, profiles, type KeyUsage, type Profile } from "./profile.ts";
import { nameTypes } from "./subject-name.ts";

const dayMs = 24 * 60 * 60 * 1_000;
const lifetimeMs = z
  .number()
  .int()
  .min(60_000)
  .max(3_653 * dayMs);
/** What signs other certificates is no profile for leaves. */
const keyUsages = (Object.keys(keyUsageBits) as KeyUsage[]).filter(
  (usage) => usage !== "keyCertSign" && usage !== "cRLSign",
);
const usageNames = Object.keys(extendedKeyUsageIds).filter((name) => name !== "OCSPSigning");
/** Dotted form; `anyExtendedKeyUsage` and OCSPSigning would be more than a leaf may be. */
const otherUsage = /^(?!2\.5\.29\.37\.0$|1\.3\.6\.1\.5\.5\.7\.3\.9$)[0-2](\.(0|[1-9][0-9]{0,9})){2,20}$/;

const leafProfile = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "1 to 63 of a-z, 0-9 and hyphens"),
    keyUsages: z.array(z.enum(keyUsages)).min(1).max(9),
    extendedKeyUsages: z
      .array(
        z.string().refine((usage) => usageNames.includes(usage) || otherUsage.test(usage), {
          error: `one of ${usageNames.join(", ")}, or an object identifier`,
        }),
      )
      .min(1)
      .max(20),
    nameTypes: z.array(z.enum(nameTypes)).min(1),
    wildcards: z.boolean(),
    commonName: z.enum(["names", "any"]),
    keyTypes: z.array(z.enum(keyTypes)).min(1),
    maximumNames: z.number().int().min(1).max(1_000),
    defaultLifetimeMs: lifetimeMs,
    maximumLifetimeMs: lifetimeMs,
  })
  .refine(({ defaultLifetimeMs, maximumLifetimeMs }) => defaultLifetimeMs <= maximumLifetimeMs, {
    error: "the default lifetime is longer than the maximum",
    path: ["defaultLifetimeMs"],
  });

/** The profiles that come with every mount, and may be replaced by others of their name. */
export const builtInProfiles: readonly Profile[] = [profiles.server, profiles.client, profiles.peer];

const reserved = new Set<string>([profiles.root.name, profiles.intermediate.name]);
const profilesMaximum = 200;

/** The profiles of a mount: those built in, and its own. Writes belong into a transaction. */
export class ProfileStore {
  readonly #records: SealedRecords;

  constructor(records: SealedRecords) {
    this.#records = records;
  }

  /** By name. */
  all(): Profile[] {
    const own = this.#records.list("profiles/").flatMap((path) => this.#read(path) ?? []);
    const byName = new Map([...builtInProfiles, ...own].map((profile) => [profile.name, profile]));
    return [...byName.values()].toSorted((left, right) => (left.name < right.name ? -1 : 1));
  }

  /** @throws DetailedError `PROFILE_NOT_FOUND` */
  get(name: string): Profile {
    const own = /^[a-z0-9-]{1,63}$/.test(name) ? this.#read(`profiles/${name}`) : undefined;
    const profile = own ?? builtInProfiles.find((each) => each.name === name);
    if (profile !== undefined) return profile;
    throw new DetailedError({
      code: "PROFILE_NOT_FOUND",
      category: "not-found",
      attempted: "use profile",
      subject: JSON.stringify(name.slice(0, 100)),
      found: "no profile of that name in this mount",
      remedy: `use one of ${this.all()
        .map((each) => each.name)
        .join(", ")}`,
    });
  }

  /** Whether it came with the mount and was not replaced. */
  isBuiltIn(name: string): boolean {
    return this.#records.get(`profiles/${name}`) === undefined;
  }

  put(profile: Profile): void {
    this.#records.put(`profiles/${profile.name}`, Buffer.from(JSON.stringify(profile)));
  }

  /** The built-in one of that name, if there is one, is back afterwards.
   * @throws DetailedError `PROFILE_NOT_FOUND` when the mount has no such profile of its own */
  delete(name: string): void {
    if (this.#records.delete(`profiles/${name}`)) return;
    throw new DetailedError({
      code: "PROFILE_NOT_FOUND",
      category: "not-found",
      attempted: "delete profile",
      subject: name,
      found: "no profile of that name that was made in this mount",
      remedy: "look with: metacrypt ca profile list; built-in profiles stay",
    });
  }

  #read(path: string): Profile | undefined {
    const value = this.#records.get(path);
    return value === undefined
      ? undefined
      : leafProfile.parse(JSON.parse(Buffer.from(value).toString("utf8")));
  }

  /** A profile as somebody wants it.
   * @throws DetailedError `PROFILE_INVALID`, with all that is wrong */
  check(wanted: unknown): Profile {
    const checked = leafProfile.safeParse(wanted);
    const problems = checked.success ? [] : checked.error.issues.map(wordsFor);
    if (checked.success && reserved.has(checked.data.name)) problems.push("the name is that of authorities");
    if (this.all().length >= profilesMaximum) problems.push(`there are ${profilesMaximum} profiles already`);
    if (checked.success && problems.length === 0) return checked.data;
    throw new DetailedError({
      code: "PROFILE_INVALID",
      category: "invalid-argument",
      attempted: "store a profile",
      found: problems.join("; "),
      remedy: "correct the profile; docs/certificates.md describes each field",
    });
  }
}

function wordsFor({ path, message }: z.core.$ZodIssue): string {
  return path.length === 0 ? message : `${path.join(".")}: ${message}`;
}
