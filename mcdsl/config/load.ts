import { readFileSync } from "node:fs";
import type { z } from "zod";
import { DetailedError } from "../errors.ts";
import { systemCodeOf } from "../system-code.ts";
import { readTomlDocument } from "../toml/document.ts";
import { inFileOrder, locateIn } from "../toml/parse.ts";
import { formatProblem, type Problem } from "../toml/problem.ts";
import { violationsOf, type Violation } from "../toml/schema-problems.ts";
import {
  applyOverrides,
  type Environment,
  type Override,
  overridesFrom,
  portOverrides,
} from "./overrides.ts";

const attempted = "load configuration";

/** Reads a service's configuration. Highest first: `$PORT` and `$PORT_GRPC` (the ports of
 * `server.listen_addr` and `server.grpc_addr`), `<PREFIX>_<SECTION>_<KEY>` of the environment, the file.
 * @throws DetailedError CONFIG_NOT_FOUND, CONFIG_UNREADABLE, or CONFIG_INVALID with all problems, one a line */
export function loadConfig<S extends z.ZodType>(source: {
  schema: S;
  /** Path of a TOML file. */
  file: string;
  /** e.g. `MCR`, for `MCR_SERVER_LISTEN_ADDR`. */
  environmentPrefix: string;
  environment: Environment;
}): z.output<S> {
  const { schema, file, environment } = source;
  const read = readTomlDocument({ text: readConfigFile(file), file });
  if ("problem" in read) throw invalid(file, [read.problem]);
  const fromEnvironment = overridesFrom(schema, source.environmentPrefix, environment);
  const named = applyOverrides(read.document.content, fromEnvironment);
  const ports = portOverrides(schema, named, environment);
  const content = applyOverrides(named, ports.overrides);
  const overrides = [...ports.overrides, ...fromEnvironment];
  const bad = ports.bad.map(({ variable, message }) => variableProblem(variable, "", message));
  const parsed = schema.safeParse(content);
  if (parsed.success && bad.length === 0) return parsed.data;
  const violations = parsed.success ? [] : violationsOf(schema, parsed.error.issues, content);
  const inFile = locateIn(file, read.document.text);
  throw invalid(file, [...bad, ...inFileOrder(violations.map((each) => placed(inFile, overrides, each)))]);
}

function readConfigFile(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (cause) {
    const missing = systemCodeOf(cause) === "ENOENT";
    throw new DetailedError({
      code: missing ? "CONFIG_NOT_FOUND" : "CONFIG_UNREADABLE",
      category: missing ? "not-found" : "failed-precondition",
      attempted,
      subject: file,
      found: missing ? "there is no such file" : `it cannot be read`,
      remedy: missing ? "create it, or name another with --config" : "check its type and permissions",
      cause,
    });
  }
}

/** At the variable where the value came from one, else at its place in the file. */
function placed(
  inFile: (violation: Violation) => Problem,
  overrides: readonly Override[],
  violation: Violation,
): Problem {
  const override = overrides.find(({ path }) => path.every((part, index) => violation.path[index] === part));
  if (override === undefined) return inFile(violation);
  return variableProblem(override.variable, override.path.join("."), violation.message, violation.hint);
}

function variableProblem(variable: string, path: string, message: string, hint?: string): Problem {
  const place = { file: `environment variable ${variable}`, line: 0, column: 0, path };
  return { ...place, message, ...(hint === undefined ? {} : { hint }) };
}

function invalid(file: string, problems: readonly Problem[]): DetailedError {
  const lines = problems.map(formatProblem);
  const found = lines.length === 1 ? String(lines[0]) : `${lines.length} problems\n${lines.join("\n")}`;
  return new DetailedError({
    code: "CONFIG_INVALID",
    category: "invalid-argument",
    attempted,
    subject: file,
    found,
    facts: { problems: String(lines.length) },
  });
}
