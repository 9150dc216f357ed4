import { stat } from "node:fs/promises";

import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { judgeSecretFile } from "@metacircular/mcp-core/doctor/file-access.ts";
import { fine, type Judgement, problem, warning } from "@metacircular/mcp-core/doctor/finding.ts";

import type { CliConfig } from "../config/load.ts";
import type { Invocation } from "../invocation.ts";
import { givenToken } from "../session/given-token.ts";
import { readTokenFile, type StoredToken } from "../session/token-file.ts";

const dayMs = 86_400_000;

/** Whether you are logged in, for how long, and who else could use your login. */
export async function examineLogin(config: CliConfig, invocation: Invocation): Promise<Judgement[]> {
  const { tokenFile, credentials, identity } = config;
  const given = givenToken(invocation.environment);
  const nowMs = invocation.clock.now();
  const secrets = [tokenFile, ...(credentials === undefined ? [] : [credentials.passwordFile])];
  const exposed = await Promise.all(secrets.map(judgeSecret));
  const login =
    given === ""
      ? judgeLogin(await stored(tokenFile), {
          nowMs,
          issuer: identity.issuer,
          account: credentials?.username,
        })
      : judgeGivenToken(given, nowMs);
  const others = exposed.filter((each) => each !== undefined);
  return [login, ...others.filter(({ subject }) => login.severity === "ok" || subject !== login.subject)];
}

/** @param token what the file holds; undefined: nothing; an error: why it cannot be used
 * @param context.account of the configuration's system account, which logs in by itself */
export function judgeLogin(
  token: StoredToken | DetailedError | undefined,
  context: { nowMs: number; issuer: string | undefined; account: string | undefined },
): Judgement {
  const { nowMs, issuer, account } = context;
  const subject = "login";
  if (token instanceof DetailedError) return problem(token.subject, token.found, token.remedy);
  if (account !== undefined) return fine(subject, `as system account ${account}, whenever it is needed`);
  if (token === undefined) return problem(subject, "you are not logged in", "mcp login");
  if (issuer !== undefined && token.issuer !== "" && token.issuer !== issuer) {
    return problem(subject, `it is of ${token.issuer}, but the configuration names ${issuer}`, "mcp login");
  }
  const who = token.account === "" ? "" : `as ${token.account}, `;
  if (token.refreshToken !== "") return fine(subject, `${who}renewed when it is about to end`);
  return judgeEnd(subject, token.expiresAtMs, { nowMs, who, remedy: "mcp login" });
}

export function judgeGivenToken(token: string, nowMs: number): Judgement {
  return judgeEnd("MCP_TOKEN", expiryOf(token), {
    nowMs,
    who: "",
    remedy: "put a new token into MCP_TOKEN, or unset it",
  });
}

function judgeEnd(
  subject: string,
  expiresAtMs: number | undefined,
  { nowMs, who, remedy }: { nowMs: number; who: string; remedy: string },
): Judgement {
  if (expiresAtMs === undefined) return fine(subject, `${who}without an end that can be read`);
  const end = new Date(expiresAtMs).toISOString();
  if (expiresAtMs <= nowMs) return problem(subject, `${who}it ended at ${end}`, remedy);
  const found = `${who}until ${end}`;
  return expiresAtMs - nowMs < dayMs ? warning(subject, found, remedy) : fine(subject, found);
}

/** What a JWT says of its end, in milliseconds since the epoch. Its signature is for others to check. */
function expiryOf(token: string): number | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
    const { exp } = claims as { exp?: unknown };
    return typeof exp === "number" ? exp * 1_000 : undefined;
  } catch {
    return undefined;
  }
}

async function stored(file: string): Promise<StoredToken | DetailedError | undefined> {
  try {
    return await readTokenFile(file);
  } catch (error) {
    if (error instanceof DetailedError) return error;
    throw error;
  }
}

/** What is not there is not this check's subject. */
async function judgeSecret(path: string): Promise<Judgement | undefined> {
  const status = await stat(path).catch(() => undefined);
  if (status === undefined) return undefined;
  return judgeSecretFile({ path, mode: status.mode, ownerId: status.uid }, process.getuid?.() ?? 0);
}
