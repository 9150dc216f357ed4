import { timestampDate, type Timestamp } from "@bufbuild/protobuf/wkt";
import { type Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { formatTime } from "@metacircular/mcdsl/commands/table.ts";
import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import { open, readFile } from "node:fs/promises";
import { caOption, type RemoteOptions, serverNameOption, serverOption, tokenFileOption } from "./remote.ts";

/** The options that all commands of `metacrypt ca` have. */
export type CaOptions = Pick<RemoteOptions, keyof RemoteOptions> & { readonly mount: string };

/** A command of `metacrypt ca`, with the options that all of them have. */
export function caCommand(parent: Command, name: string): Command<[], CaOptions> {
  return parent
    .command(name)
    .addOption(
      new Option("-m, --mount <mount>", "mount of the authority").env("METACRYPT_CA_MOUNT").default("pki"),
    )
    .addOption(serverOption())
    .addOption(caOption())
    .addOption(serverNameOption())
    .addOption(tokenFileOption());
}

/** Collects an option that may be given several times. */
export function several(value: string, before: string[]): string[] {
  return [...before, value];
}

/** A whole number that is not negative. */
export function wholeNumber(text: string): number {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number.");
}

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** A duration like `90d` or `12h`, in seconds. */
export function seconds(text: string): number {
  const [, amount = "", unit = ""] = /^([0-9]{1,6})([smhd])$/.exec(text) ?? [];
  const factor = units[unit];
  if (factor !== undefined) return Number(amount) * factor;
  throw new InvalidArgumentError("It must be a duration such as 90d, 12h, 30m or 45s.");
}

/** ISO 8601 to the second; `-` where there is none. */
export function timeText(time: Timestamp | undefined): string {
  return time === undefined ? "-" : formatTime(timestampDate(time).getTime());
}

/** @throws DetailedError LOCAL_FILE_UNREADABLE */
export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new DetailedError({
      code: "LOCAL_FILE_UNREADABLE",
      category: "invalid-argument",
      attempted: "read",
      subject: path,
      found: messageOf(cause),
      cause,
    });
  }
}

/** Writes a file that was not there, for its owner alone where it is secret.
 * @throws DetailedError LOCAL_FILE_UNWRITABLE: also where there is one: a key that is in use must not be lost */
export async function writeNew(
  path: string,
  text: string,
  options: { readonly secret: boolean },
): Promise<void> {
  try {
    await using file = await open(path, "wx", options.secret ? 0o600 : 0o644);
    await file.writeFile(text);
    await file.sync();
  } catch (cause) {
    throw new DetailedError({
      code: "LOCAL_FILE_UNWRITABLE",
      category: "invalid-argument",
      attempted: "write",
      subject: path,
      found: messageOf(cause),
      remedy: "name a file that is not there yet, in a directory that you may write",
      cause,
    });
  }
}
