import { writeFileAtomic } from "@metacircular/mcdsl/files/write-atomic.ts";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { identityUrl, environmentOf, type Platform } from "../platform.ts";
import { runChecked } from "../processes/run.ts";
import { readIfPresent } from "../store/read-if-present.ts";
import { updateSettings } from "../store/settings.ts";

export const operatorName = "operator";
/** Name of the platform's own system account. */
export const agentName = "mcp-agent";

const commandTimeoutMs = 60_000;
const renewalMs = 30 * 24 * 60 * 60 * 1_000;

const accountsSchema = z.array(z.object({ name: z.string() }));
const claimsSchema = z.object({ iss: z.string(), exp: z.number() });

/** Makes sure that the operator's account exists with the password in its file. The file comes first, so that
 * no account is ever left with a password that nobody knows. Once made, the account is the operator's.
 * @returns whether it was made now */
export async function ensureOperator(platform: Platform): Promise<boolean> {
  const { layout, settings } = platform;
  if (settings.operatorCreated) return false;
  const password = (await readIfPresent(layout.operator.password)) ?? (await createPassword(platform));
  const exists = (await accountNames(platform)).includes(operatorName);
  const command = exists ? ["account", "password"] : ["account", "add", "--role", "admin"];
  await identity(platform, [...command, operatorName, "--password-stdin"], password);
  await updateSettings(layout.settings, { operatorCreated: true });
  return true;
}

/** Makes sure that the agent's account exists and its token will be good for a while.
 * @returns whether a token was issued */
export async function ensureAgentToken(platform: Platform): Promise<boolean> {
  const { layout, settings, host } = platform;
  const claims = claimsOf((await readIfPresent(layout.agent.token)) ?? "");
  const leftMs = claims === undefined ? 0 : claims.exp * 1_000 - host.clock.now();
  if (claims?.iss === identityUrl(settings) && leftMs > renewalMs) return false;
  if (!(await accountNames(platform)).includes(agentName)) {
    await identity(platform, ["account", "add", "--system", agentName]);
  }
  const token = await identity(platform, ["token", "issue", "--system", agentName]);
  await writeFileAtomic(layout.agent.token, token, { mode: 0o600 });
  return true;
}

async function createPassword({ layout }: Platform): Promise<string> {
  const password = `${randomBytes(18).toString("base64url")}\n`;
  await writeFileAtomic(layout.operator.password, password, { mode: 0o600 });
  return password;
}

async function accountNames(platform: Platform): Promise<string[]> {
  const output = await identity(platform, ["account", "list", "--output", "json"]);
  return accountsSchema.parse(JSON.parse(output)).map(({ name }) => name);
}

/** Runs the identity service's own command line, which works on its database beside a running server. */
function identity(platform: Platform, args: readonly string[], input = ""): Promise<string> {
  const { layout, host } = platform;
  return runChecked(
    [host.node, join(host.checkout, "mcias/main.ts"), ...args, "--config", layout.identity.config],
    { environment: environmentOf(platform), input, timeoutMs: commandTimeoutMs },
  );
}

/** What a token says of itself, unverified: it only decides whether a new one is needed. */
function claimsOf(token: string): z.infer<typeof claimsSchema> | undefined {
  try {
    const payload = Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8");
    return claimsSchema.parse(JSON.parse(payload));
  } catch {
    return undefined;
  }
}
