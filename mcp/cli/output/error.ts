import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import type { ErrorDetail } from "@metacircular/proto/gen/mcdsl/v1/error_pb.ts";

import { plain } from "./table.ts";

type Facts = Pick<ErrorDetail, "code" | "attempted" | "subject" | "found" | "remedy" | "facts" | "output">;

/** Lines that explain a failure: what was attempted on what, what was found, what to do next, its code. */
export function formatError(error: unknown, prefix = "error"): string[] {
  if (error instanceof DetailedError) return formatFacts({ ...factsOf(error) }, prefix);
  return [`${prefix}: ${messageOf(error)}`];
}

/** As `formatError`, for a failure that came inside an answer. */
export function formatFacts(facts: Facts, prefix = "error"): string[] {
  const subject = facts.subject === "" ? "" : ` ${plain(facts.subject)}`;
  const [found = "", ...more] = facts.found.split("\n");
  return [
    `${prefix}: cannot ${plain(facts.attempted)}${subject}: ${plain(found)}`,
    ...more.map((line) => `  ${plain(line)}`),
    ...facts.output.map((line) => `  | ${plain(line)}`),
    ...Object.entries(facts.facts).map(([name, value]) => `  ${plain(name)}: ${plain(value)}`),
    ...(facts.remedy === "" ? [] : [`  next: ${plain(facts.remedy)}`]),
    `  code: ${facts.code}`,
  ];
}

/** The same facts for JSON. */
export function errorView(error: unknown): Record<string, unknown> {
  if (error instanceof DetailedError) return factsOf(error);
  return factsOf({
    code: "INTERNAL",
    attempted: "do this",
    subject: "",
    found: messageOf(error),
    remedy: "",
    facts: {},
    output: [],
  });
}

export function factsOf({
  code,
  attempted,
  subject,
  found,
  remedy,
  facts,
  output,
}: Facts | DetailedError): Facts {
  return { code, attempted, subject, found, remedy, facts: { ...facts }, output: [...output] };
}
