import { mkdir, open, rm } from "node:fs/promises";
import { dirname } from "node:path";

import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { writeFileAtomic } from "@metacircular/mcdsl/files/write-atomic.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";

/** What a login leaves behind. */
export interface StoredToken {
  readonly accessToken: string;
  /** Empty: it cannot be renewed. */
  readonly refreshToken: string;
  /** Milliseconds since the epoch; undefined: not known. */
  readonly expiresAtMs: number | undefined;
  /** Identity service that issued it; empty: not known. */
  readonly issuer: string;
  /** Whose it is; empty: not known. */
  readonly account: string;
}

const mostBytes = 64 * 1024;

/** Reads the stored token. A file that holds just a bearer token is accepted too. Undefined: not logged in.
 * @throws DetailedError TOKEN_FILE_EXPOSED where others may read it, TOKEN_FILE_UNREADABLE */
export async function readTokenFile(path: string): Promise<StoredToken | undefined> {
  const text = await readPrivate(path);
  if (text === undefined || text.trim() === "") return undefined;
  if (!text.trimStart().startsWith("{")) {
    return { accessToken: text.trim(), refreshToken: "", expiresAtMs: undefined, issuer: "", account: "" };
  }
  const stored = storedToken(parseJson(text));
  if (stored === undefined) throw unreadable(path, "it is not a stored login");
  return stored;
}

/** Stores the token for its owner only. */
export async function writeTokenFile(path: string, token: StoredToken): Promise<void> {
  const { accessToken, refreshToken, expiresAtMs, issuer, account } = token;
  const stored = {
    access_token: accessToken,
    ...(refreshToken === "" ? {} : { refresh_token: refreshToken }),
    ...(expiresAtMs === undefined ? {} : { expires_at: new Date(expiresAtMs).toISOString() }),
    issuer,
    account,
  };
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFileAtomic(path, `${JSON.stringify(stored, undefined, 2)}\n`, { mode: 0o600 });
}

/** Forgets the token. */
export async function removeTokenFile(path: string): Promise<void> {
  await rm(path, { force: true });
}

/** The file's text, checked on the open file so that nothing changes between. Undefined where there is none. */
export async function readPrivate(path: string): Promise<string | undefined> {
  let handle;
  try {
    handle = await open(path, "r");
  } catch (cause) {
    if (systemCodeOf(cause) === "ENOENT") return undefined;
    throw unreadable(path, "it cannot be opened", cause);
  }
  await using file = handle;
  const status = await file.stat();
  if (!status.isFile() || status.size > mostBytes) throw unreadable(path, "it is not a file of a few lines");
  if ((status.mode & 0o077) !== 0) throw exposed(path, status.mode);
  return await file.readFile("utf8");
}

/** By hand: a library for schemas would take longer to load than most commands run. */
function storedToken(content: unknown): StoredToken | undefined {
  if (typeof content !== "object" || content === null) return undefined;
  const fields: Record<string, unknown> = { ...content };
  const { access_token, refresh_token = "", expires_at, issuer = "", account = "" } = fields;
  if (typeof access_token !== "string" || access_token === "") return undefined;
  if (typeof refresh_token !== "string" || typeof issuer !== "string" || typeof account !== "string") {
    return undefined;
  }
  const expiresAtMs = typeof expires_at === "string" ? Date.parse(expires_at) : undefined;
  if (expires_at !== undefined && !Number.isFinite(expiresAtMs)) return undefined;
  return { accessToken: access_token, refreshToken: refresh_token, expiresAtMs, issuer, account };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function exposed(path: string, mode: number): DetailedError {
  return new DetailedError({
    code: "TOKEN_FILE_EXPOSED",
    category: "failed-precondition",
    attempted: "use secret in",
    subject: path,
    found: `others may read or change it (mode ${(mode & 0o777).toString(8).padStart(4, "0")})`,
    remedy: `run \`chmod 600 ${path}\`; if others had access, log out and in again`,
  });
}

function unreadable(path: string, found: string, cause?: unknown): DetailedError {
  return new DetailedError({
    code: "TOKEN_FILE_UNREADABLE",
    category: "failed-precondition",
    attempted: "use secret in",
    subject: path,
    found,
    remedy: "remove it and log in again with `mcp login`",
    cause,
  });
}
