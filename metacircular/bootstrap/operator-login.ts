import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { join } from "node:path";
import { environmentOf, type Platform } from "../platform.ts";
import { commandFailed, type CommandResult, run } from "../processes/run.ts";
import { readIfPresent } from "../store/read-if-present.ts";
import { logFile } from "../store/layout.ts";
import { operatorName } from "./accounts.ts";

/** Makes sure that `mcp` has a login that works, by logging in as the operator where it has none.
 * @returns whether it logged in now
 * @throws DetailedError `OPERATOR_NOT_LOGGED_IN` */
export async function ensureLogin(platform: Platform): Promise<boolean> {
  if ((await mcp(platform, ["whoami"])).exitCode === 0) return false;
  const password = await readIfPresent(platform.layout.operator.password);
  if (password === undefined) throw passwordMissing(platform);
  const login = ["login", "--username", operatorName, "--password-stdin"];
  const result = await mcp(platform, login, password);
  if (result.exitCode !== 0)
    throw commandFailed(["mcp", ...login], result, logFile(platform.layout, "mcias"));
  return true;
}

/** Runs the operator's own command line on this platform. */
export function mcp(platform: Platform, args: readonly string[], input = ""): Promise<CommandResult> {
  const { host, layout } = platform;
  return run([host.node, join(host.checkout, "mcp/cli/main.ts"), ...args], {
    environment: { ...environmentOf(platform), MCP_CONFIG: layout.operator.config },
    input,
    timeoutMs: 180_000,
  });
}

function passwordMissing({ layout }: Platform): DetailedError {
  return new DetailedError({
    code: "OPERATOR_NOT_LOGGED_IN",
    category: "unauthenticated",
    attempted: "log in as",
    subject: operatorName,
    found: `the login has ended and ${layout.operator.password} is gone`,
    remedy: "run `mcp login` with the environment that `metacircular env` prints",
  });
}
