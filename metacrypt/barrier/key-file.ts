import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { writeFileAtomic } from "@metacircular/mcdsl/files/write-atomic.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";
import { KEY_BYTES } from "./cipher.ts";

/** The key in the unattended key file. The file must be of the user who runs the service, and of nobody else's
 * reading. Undefined: there is no file.
 * @throws DetailedError KEY_FILE_EXPOSED, KEY_FILE_UNREADABLE */
export async function readKeyFile(path: string): Promise<Buffer | undefined> {
  let handle;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (cause) {
    if (systemCodeOf(cause) === "ENOENT") return undefined;
    throw unreadable(path, "it cannot be opened, or is a link", cause);
  }
  await using file = handle;
  const status = await file.stat();
  if ((status.mode & 0o077) !== 0 || status.uid !== process.getuid?.()) throw exposed(path, status);
  if (!status.isFile() || status.size > 2 * KEY_BYTES) throw unreadable(path, "it is not a key file");
  const text = (await file.readFile("utf8")).trim();
  const key = Buffer.from(text, "base64url");
  if (key.length !== KEY_BYTES) throw unreadable(path, "it does not hold a key");
  return key;
}

/** The key in the file; where there is no file, a new key in a new one (mode 0600).
 * @throws DetailedError KEY_FILE_EXPOSED, KEY_FILE_UNREADABLE, KEY_FILE_UNWRITABLE */
export async function readOrMakeKeyFile(path: string): Promise<Buffer> {
  const existing = await readKeyFile(path);
  if (existing !== undefined) return existing;
  const key = randomBytes(KEY_BYTES);
  try {
    await writeFileAtomic(path, `${key.toString("base64url")}\n`, { mode: 0o600 });
  } catch (cause) {
    throw new DetailedError({
      code: "KEY_FILE_UNWRITABLE",
      category: "failed-precondition",
      attempted: "write key file",
      subject: path,
      found: "it cannot be written",
      remedy: "check its directory and permissions",
      cause,
    });
  }
  return key;
}

/** No file is named, where one is needed. */
export function keyFileNotConfigured(): DetailedError {
  return new DetailedError({
    code: "KEY_FILE_NOT_CONFIGURED",
    category: "failed-precondition",
    attempted: "let a key file open the seal",
    found: "the configuration names none",
    remedy: "set unattended_key_file in [seal]",
  });
}

function exposed(path: string, status: { mode: number; uid: number }): DetailedError {
  return new DetailedError({
    code: "KEY_FILE_EXPOSED",
    category: "failed-precondition",
    attempted: "read key file",
    subject: path,
    found: `its mode is ${(status.mode & 0o777).toString(8).padStart(4, "0")} and its owner ${status.uid}`,
    remedy: `let it belong to the user of the service, with mode 0600; change the protection if others have read it`,
  });
}

function unreadable(path: string, found: string, cause?: unknown): DetailedError {
  return new DetailedError({
    code: "KEY_FILE_UNREADABLE",
    category: "failed-precondition",
    attempted: "read key file",
    subject: path,
    found,
    remedy: "restore it from a copy, or unseal with the passphrase or the shares",
    cause,
  });
}
