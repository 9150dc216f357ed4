import { type Command, Option } from "@commander-js/extra-typings";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Zone } from "@metacircular/proto/gen/mcns/v1/records_pb.ts";

/** What `zone add` and `zone set` can say of a zone, as it was typed. */
export interface ZoneFields {
  readonly primary?: string | undefined;
  readonly contact?: string | undefined;
  readonly refresh?: string | undefined;
  readonly retry?: string | undefined;
  readonly expire?: string | undefined;
  readonly negativeTtl?: string | undefined;
  readonly ttl?: string | undefined;
  readonly notify?: string | undefined;
  readonly transferKeys?: string | undefined;
  readonly updateKeys?: string | undefined;
}

/** A command about one zone, with the options that `zoneFields` reads. */
export function zoneCommand(
  parent: Command,
  { name, needsPrimary }: { name: string; needsPrimary: boolean },
): Command<[string], Pick<ZoneFields, keyof ZoneFields>> {
  return parent
    .command(name)
    .argument("<zone>", "such as example.org")
    .addOption(new Option("--primary <name>", "name of the primary server").makeOptionMandatory(needsPrimary))
    .option("--contact <mailbox>", "who is responsible, such as hostmaster@example.org")
    .option("--refresh <seconds>", "how often secondaries look for changes")
    .option("--retry <seconds>", "how soon they look again when that failed")
    .option("--expire <seconds>", "how long they answer without having seen this server")
    .option("--negative-ttl <seconds>", "how long others remember that a name does not exist")
    .option("--ttl <seconds>", "how long others remember records that do not say")
    .option("--notify <addresses>", "secondaries to tell of changes, with commas between")
    .option("--transfer-keys <names>", "TSIG keys that may transfer it, with commas between")
    .option("--update-keys <names>", "TSIG keys that may update it, with commas between");
}

/** The fields that were given.
 * @throws DetailedError NUMBER_INVALID */
export function zoneFields(given: ZoneFields): Partial<Omit<Zone, "$typeName" | "$unknown">> {
  const { primary, contact } = given;
  return {
    ...(primary === undefined ? {} : { primary }),
    ...(contact === undefined ? {} : { contact }),
    ...(given.refresh === undefined ? {} : { refresh: wholeNumber("--refresh", given.refresh) }),
    ...(given.retry === undefined ? {} : { retry: wholeNumber("--retry", given.retry) }),
    ...(given.expire === undefined ? {} : { expire: wholeNumber("--expire", given.expire) }),
    ...(given.negativeTtl === undefined
      ? {}
      : { negativeTtl: wholeNumber("--negative-ttl", given.negativeTtl) }),
    ...(given.ttl === undefined ? {} : { defaultTtl: wholeNumber("--ttl", given.ttl) }),
    ...(given.notify === undefined ? {} : { notify: list(given.notify) }),
    ...(given.transferKeys === undefined ? {} : { transferKeys: list(given.transferKeys) }),
    ...(given.updateKeys === undefined ? {} : { updateKeys: list(given.updateKeys) }),
  };
}

function list(text: string): string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

/** @throws DetailedError NUMBER_INVALID */
export function wholeNumber(option: string, text: string): number {
  if (/^\d{1,9}$/u.test(text)) return Number(text);
  throw new DetailedError({
    code: "NUMBER_INVALID",
    category: "invalid-argument",
    attempted: `use ${option}`,
    subject: JSON.stringify(text.slice(0, 40)),
    found: "it is not a whole number of seconds",
    remedy: "write it in digits",
  });
}
