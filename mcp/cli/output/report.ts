import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { fromConnectError } from "@metacircular/mcdsl/grpc/errors.ts";

import { globalsOf } from "../globals.ts";
import type { Invocation } from "../invocation.ts";
import { blameGivenToken } from "../session/given-token.ts";
import { errorView, formatError } from "./error.ts";
import { exitCodeOfError } from "./exit-code.ts";
import { paint } from "./output.ts";

/** Explains what ended the command, for people or as JSON, on standard error.
 * @returns what to exit with */
export function reportError(thrown: unknown, program: CommandUnknownOpts, invocation: Invocation): number {
  const failure = isConnectError(thrown) ? fromConnectError(thrown) : thrown;
  const error = blameGivenToken(failure, invocation.environment);
  const { output, verbose } = globalsOf(program);
  const lines =
    output === "json"
      ? [JSON.stringify({ error: errorView(error) }, undefined, 2)]
      : formatError(error, paint(invocation, invocation.stderr, "red", "error"));
  const trace = verbose && error instanceof Error ? [String(error.stack)] : [];
  for (const line of [...lines, ...trace]) invocation.stderr.write(`${line}\n`);
  return exitCodeOfError(error);
}

function isConnectError(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === "ConnectError";
}
