import type { Context } from "../context.ts";
import type { Answers, NodeFailure } from "../nodes/nodes.ts";
import { errorView, formatError } from "../output/error.ts";
import { exitCodeOfFailures } from "../output/exit-code.ts";
import { blameGivenToken } from "../session/given-token.ts";

/** Key of the failures beside the answers in JSON. */
export const failuresJson =
  "per node that did not answer: node, error (code, attempted, subject, found, remedy, facts, output)";

/** The failures as they stand in JSON. */
export function failuresView(failures: readonly NodeFailure[]): Record<string, unknown>[] {
  return failures.map(({ node, error }) => ({ node, error: errorView(error) }));
}

/** After the answers of the others: what went wrong where, and the exit code. */
export function reportFailures(context: Context, asked: Answers<unknown>): void {
  const { answers, failures } = asked;
  const errors = failures.map(({ error }) => error);
  context.invocation.exitCode = exitCodeOfFailures(answers.length, errors);
  if (context.output.format !== "json") complainOfNodes(context, failures);
}

/** Why nodes did not answer, for people. */
export function complainOfNodes({ output, invocation }: Context, failures: readonly NodeFailure[]): void {
  for (const { node, error } of failures) {
    const explained = blameGivenToken(error, invocation.environment);
    output.complain(...formatError(explained, output.styleMessage("red", `node ${node}`)));
  }
}
