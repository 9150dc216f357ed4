import { open } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import type { Environment } from "../config/overrides.ts";
import { DetailedError } from "../errors.ts";

const MAX_BYTES = 64 * 1024;
const loginSchema = z.looseObject({ access_token: z.string().min(1) });

/** The token in a file: alone, or in what `mcp login` leaves.
 * @throws DetailedError TOKEN_FILE_EXPOSED where others may read it, TOKEN_FILE_UNREADABLE */
export async function readTokenFile(path: string): Promise<string> {
  let handle;
  try {
    handle = await open(path, "r");
  } catch (cause) {
    throw unreadable(path, "it cannot be opened", cause);
  }
  await using file = handle;
  const status = await file.stat();
  if (!status.isFile() || status.size > MAX_BYTES) throw unreadable(path, "it is not a file of a few lines");
  if ((status.mode & 0o077) !== 0) throw exposed(path);
  const text = (await file.readFile("utf8")).trim();
  const token = text.startsWith("{") ? loginToken(path, text) : text;
  if (token === "" || /\s/u.test(token)) throw unreadable(path, "it does not hold a token");
  return token;
}

function loginToken(path: string, text: string): string {
  try {
    return loginSchema.parse(JSON.parse(text)).access_token;
  } catch (cause) {
    throw unreadable(path, "it is not a stored login", cause);
  }
}

function exposed(path: string): DetailedError {
  return new DetailedError({
    code: "TOKEN_FILE_EXPOSED",
    category: "failed-precondition",
    attempted: "read token file",
    subject: path,
    found: "others may read it",
    remedy: `chmod 600 ${path}`,
  });
}

function unreadable(path: string, found: string, cause?: unknown): DetailedError {
  return new DetailedError({
    code: "TOKEN_FILE_UNREADABLE",
    category: "failed-precondition",
    attempted: "read token file",
    subject: path,
    found,
    remedy:
      'after `make up`, run eval "$(bin/metacircular env)"; else name another with --token-file, or log in with `mcp login`',
    cause,
  });
}

/** The token that a command uses: that of the environment, else that of the file, else of the login that `mcp login`
 * keeps. A file that is named goes before the environment; an empty name is none.
 * @throws DetailedError TOKEN_FILE_EXPOSED, TOKEN_FILE_UNREADABLE */
export async function tokenOf(options: {
  /** Named by an option. */
  readonly file: string | undefined;
  /** What the program's variable for tokens holds. */
  readonly given: string | undefined;
  readonly environment: Environment;
}): Promise<string> {
  const given = options.given?.trim() ?? "";
  const file = options.file === "" ? undefined : options.file;
  if (given !== "" && file === undefined) return given;
  const { XDG_CONFIG_HOME: configured, HOME: home = homedir() } = options.environment;
  return readTokenFile(file ?? join(configured ?? join(home, ".config"), "mcp", "token"));
}
