import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

import { DetailedError } from "@metacircular/mcdsl/errors.ts";

import { appendTable, removeTable } from "../toml/edit.ts";
import { editFile } from "../toml/edit-file.ts";
import type { CliConfig, NodeConfig } from "./load.ts";
import { nodeAddressProblem, nodeNameProblem } from "./node-rules.ts";

/** Throws where a node cannot be added to those that are known.
 * @throws DetailedError NODE_INVALID, NODE_EXISTS */
export function assertCanAdd(file: string, known: CliConfig["nodes"], node: NodeConfig): void {
  assertValid(node.name, nodeNameProblem(node.name));
  assertValid(node.address, nodeAddressProblem(node.address));
  if (known.some(({ name }) => name === node.name)) {
    throw new DetailedError({
      code: "NODE_EXISTS",
      category: "already-exists",
      attempted: "add node",
      subject: node.name,
      found: `${file} lists it already`,
      remedy: `remove it first with \`mcp node remove ${node.name}\``,
    });
  }
}

/** Adds a node to the configuration file, which is made where it is missing. The rest of the file stays as it is.
 * @throws DetailedError FILE_NOT_EDITABLE */
export async function addNode(file: string, node: NodeConfig): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(file, "", { flag: "a", mode: 0o600 });
  const { name, address, serverName, architecture } = node;
  const table = {
    name,
    address,
    ...(serverName === undefined ? {} : { server_name: serverName }),
    ...(architecture === undefined ? {} : { arch: architecture }),
  };
  await editFile(file, (text) => appendTable(text, "nodes", table));
}

/** Removes a node, with the comment directly above it, from the configuration file.
 * @throws DetailedError FILE_NOT_EDITABLE */
export async function removeNode(config: CliConfig, name: string): Promise<void> {
  const index = config.nodes.findIndex((node) => node.name === name);
  await editFile(config.file, (text) => removeTable(text, "nodes", index));
}

function assertValid(value: string, problem: string | undefined): void {
  if (problem === undefined) return;
  throw new DetailedError({
    code: "NODE_INVALID",
    category: "invalid-argument",
    attempted: "add node",
    subject: value,
    found: `it ${problem}`,
    remedy: "correct it",
  });
}
