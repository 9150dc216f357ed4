import { readdir } from "node:fs/promises";

import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import { systemCodeOf } from "@metacircular/mcdsl/http/connection-failure.ts";
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
  const unreadable = await readdir(directory).then(
    () => undefined,
    (error: unknown) => judgeDirectory(directory, error),
  );
  if (unreadable !== undefined) return { defined: [], judgements: [unreadable] };
  const names = await definedServices(directory);
  const read = await Promise.all(names.map((name) => readOne(directory, name)));
  const defined = read.filter((each) => "node" in each);
  const invalid = read.filter((each) => "severity" in each);
  const sum = fine(directory, `${defined.length} definitions are valid`);
  return { defined, judgements: [...invalid, ...judgeNodes(defined, nodes), sum] };
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
