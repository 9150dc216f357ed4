import { readdir } from "node:fs/promises";
import { join } from "node:path";

import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";
import { nearestWord } from "@metacircular/mcdsl/toml/nearest.ts";
import { fine, type Judgement, problem, warning } from "@metacircular/mcp-core/doctor/finding.ts";

import { definedServices, findDefinition } from "../definitions/find.ts";

/** A service and the node that its definition names. */
export interface DefinedService {
  readonly service: string;
  readonly file: string;
  readonly node: string;
}

/** Every definition of the services directory: those that can be used, and what is wrong with the others. */
export async function examineDefinitions(
  directory: string,
  nodes: readonly string[],
): Promise<{ defined: DefinedService[]; judgements: Judgement[] }> {
  const entries = await readdir(directory).catch((error: unknown) => judgeDirectory(directory, error));
  if (!Array.isArray(entries)) return { defined: [], judgements: [entries] };
  const names = await definedServices(directory);
  const read = await Promise.all(names.map((name) => readOne(directory, name)));
  const defined = read.filter((each) => "node" in each);
  const invalid = read.filter((each) => "severity" in each);
  const sum = fine(directory, `${defined.length} definitions are valid`);
  return {
    defined,
    judgements: [...invalid, ...judgeNames(directory, entries, names), ...judgeNodes(defined, nodes), sum],
  };
}

async function readOne(directory: string, service: string): Promise<DefinedService | Judgement> {
  try {
    const loaded = await findDefinition(directory, service);
    if (loaded !== undefined) return { service, file: loaded.file, node: loaded.definition.node };
    return warning(service, "its definition went away while it was read", "run mcp doctor again");
  } catch (error) {
    if (!(error instanceof DetailedError)) throw error;
    return problem(error.subject, [error.found, ...error.output].join("\n"), error.remedy);
  }
}

export function judgeDirectory(directory: string, error: unknown): Judgement {
  if (systemCodeOf(error) !== "ENOENT") {
    return problem(directory, messageOf(error), "mend its permissions, or name another as dir in [services]");
  }
  return warning(
    directory,
    "there is no such directory, so that no service has a definition",
    `mkdir ${directory}, or name another as dir in [services]`,
  );
}

/** Files that look like definitions but have no name of a service, so that nothing finds them.
 * @param names of the services that are found */
export function judgeNames(
  directory: string,
  entries: readonly string[],
  names: readonly string[],
): Judgement[] {
  const found = new Set(names.map((name) => `${name}.toml`));
  return entries
    .filter((entry) => entry.endsWith(".toml") && !found.has(entry))
    .toSorted()
    .map((entry) =>
      warning(
        join(directory, entry),
        "its name is not that of a service, so nothing uses it",
        'name it as its service, of a-z, 0-9 and inner "-", or move it elsewhere',
      ),
    );
}

/** Definitions that name nodes which the configuration does not know. */
export function judgeNodes(defined: readonly DefinedService[], nodes: readonly string[]): Judgement[] {
  return defined
    .filter(({ node }) => !nodes.includes(node))
    .map(({ file, node }) => {
      const meant = nearestWord(node, nodes);
      const correct = meant === undefined ? "" : `write node = "${meant}", or: `;
      return problem(
        file,
        `it names node ${node}, which the configuration does not list`,
        `${correct}mcp node add ${node} <host:port>`,
      );
    });
}
