import type { Environment } from "@metacircular/mcdsl/config/overrides.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";

/** The token that the environment gives, which goes before every login. Empty: none. */
export function givenToken(environment: Environment): string {
  return environment["MCP_TOKEN"]?.trim() ?? "";
}

/** The same failure with a remedy that helps: logging in again changes nothing while MCP_TOKEN is used. */
export function blameGivenToken(error: unknown, environment: Environment): unknown {
  if (!(error instanceof DetailedError) || error.category !== "unauthenticated") return error;
  if (givenToken(environment) === "") return error;
  return error.with({
    remedy: "put another token into MCP_TOKEN, or unset it to use your login",
    cause: error,
  });
}
