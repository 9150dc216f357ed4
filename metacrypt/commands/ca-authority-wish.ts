import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Command, Option, type OptionValues } from "@commander-js/extra-typings";
import type { AuthorityWishSchema } from "@metacircular/proto/gen/metacrypt/v1/ca_pb.ts";
import { keyTypes, type KeyType } from "../ca/key-type.ts";
import { several, wholeNumber } from "./ca-options.ts";

export type WishOptions = BoundsOptions & {
  readonly commonName: string;
  readonly organization?: string | undefined;
  readonly country?: string | undefined;
  readonly keyType: string;
};

export type BoundsOptions = {
  readonly days?: number | undefined;
  readonly pathLength?: number | undefined;
  readonly permit: string[];
  readonly exclude: string[];
};

/** Adds the options that say what an authority to be made is like. */
export function withWish<Arguments extends unknown[], Options extends OptionValues>(
  command: Command<Arguments, Options>,
): Command<Arguments, Options & WishOptions> {
  return withBounds(
    command
      .requiredOption("--common-name <text>", "name in the certificate's subject")
      .option("--organization <text>", "organization in the subject")
      .option("--country <code>", "country in the subject, two capital letters")
      .addOption(keyTypeOption()),
  ) as unknown as Command<Arguments, Options & WishOptions>;
}

/** Adds the options that say what an authority may do. */
export function withBounds<Arguments extends unknown[], Options extends OptionValues>(
  command: Command<Arguments, Options>,
): Command<Arguments, Options & BoundsOptions> {
  return command
    .option("--days <number>", "lifetime; default: 3650 for a root, 1826 for an intermediate", wholeNumber)
    .option("--path-length <number>", "authorities allowed below; default: 1 for a root, 0 else", wholeNumber)
    .option("--permit <space>", "only names in this DNS domain, network or @mail-host", several, [])
    .option(
      "--exclude <space>",
      "no names in this DNS domain, network or @mail-host",
      several,
      [],
    ) as unknown as Command<Arguments, Options & BoundsOptions>;
}

export function keyTypeOption(): Option<
  "--key-type <type>",
  undefined,
  "ecdsa-p256",
  undefined,
  false,
  KeyType
> {
  return new Option("--key-type <type>", "kind of key").choices(keyTypes).default("ecdsa-p256" as const);
}

/** The wish, as it is sent. */
export function wishOf(name: string, options: WishOptions): MessageInitShape<typeof AuthorityWishSchema> {
  const {
    commonName,
    organization = "",
    country = "",
    keyType,
    days = 0,
    pathLength,
    permit,
    exclude,
  } = options;
  const constrained = permit.length > 0 || exclude.length > 0;
  return {
    name,
    commonName,
    organization,
    country,
    keyType,
    lifetimeDays: days,
    ...(pathLength === undefined ? {} : { pathLength }),
    ...(constrained ? { nameConstraints: { permitted: permit, excluded: exclude } } : {}),
  };
}
