import { readFileSync } from "node:fs";

import type { Environment } from "@metacircular/mcdsl/config/overrides.ts";
import { readTomlDocument } from "@metacircular/mcdsl/toml/document.ts";

import {
  type Architecture,
  architectures,
  nodeAddressProblem,
  nodeNameProblem,
  registryAddressProblem,
} from "./node-rules.ts";
import type { Settings } from "./schema.ts";

type Texts = Readonly<Record<string, string>>;

const sections = new Map([
  ["services", ["dir"]],
  ["mcias", ["server_url", "ca_cert", "service_name"]],
  ["auth", ["token_path", "username", "password_file"]],
  ["tls", ["ca_cert"]],
  ["build", ["workspace"]],
  ["registry", ["address", "ca_cert"]],
]);
const nodeKeys = ["name", "address", "server_name", "arch"];

/** Variables with our prefix that set no field of the configuration. */
const otherVariables = new Set(["MCP_CONFIG", "MCP_TOKEN"]);

const plainUrl = /^https:\/\/[a-z0-9][a-z0-9.-]*(:\d{1,5})?$/;

/** The settings of a file that is as simple as most: only known keys with texts that are not empty, no variable
 * that overrides one. They are what the schema would make of it, found without loading the schema. Undefined
 * for all else, also what is wrong or cannot be read: the schema decides, and explains. */
export function plainSettings(file: string, environment: Environment): Settings | undefined {
  const overridden = Object.keys(environment).some(
    (name) => name.startsWith("MCP_") && !otherVariables.has(name),
  );
  const content = overridden ? undefined : contentOf(file);
  if (content === undefined) return undefined;
  const { nodes = [], ...tables } = content;
  const known = Object.entries(tables).every(
    ([name, table]) => sections.has(name) && isTexts(table, sections.get(name) ?? []),
  );
  return known && areNodes(nodes)
    ? withDefaults(tables as Readonly<Record<string, Texts>>, nodes)
    : undefined;
}

function contentOf(file: string): Record<string, unknown> | undefined {
  try {
    const read = readTomlDocument({ text: readFileSync(file), file });
    return "document" in read ? read.document.content : undefined;
  } catch {
    return undefined;
  }
}

function isTexts(value: unknown, keys: readonly string[]): value is Texts {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.entries(value).every(
    ([key, text]) => keys.includes(key) && typeof text === "string" && text !== "" && !text.includes("\0"),
  );
}

function areNodes(value: unknown): value is Texts[] {
  if (!Array.isArray(value) || value.length > 100) return false;
  const nodes: unknown[] = value;
  const names = nodes.map((node) => (isTexts(node, nodeKeys) && isNode(node) ? node["name"] : undefined));
  return !names.includes(undefined) && new Set(names).size === names.length;
}

function isNode({ name = "", address = "", arch }: Texts): boolean {
  const isArchitecture = arch === undefined || architectureOf(arch) !== undefined;
  return isArchitecture && nodeNameProblem(name) === undefined && nodeAddressProblem(address) === undefined;
}

function architectureOf(text: string | undefined): Architecture | undefined {
  return architectures.find((architecture) => architecture === text);
}

function withDefaults(
  {
    services = {},
    mcias = {},
    auth = {},
    tls = {},
    build = {},
    registry = {},
  }: Readonly<Record<string, Texts>>,
  nodes: readonly Texts[],
): Settings | undefined {
  const { server_url: url = "" } = mcias;
  if (url !== "" && !(plainUrl.test(url) && URL.canParse(url))) return undefined;
  if ((auth["username"] === undefined) !== (auth["password_file"] === undefined)) return undefined;
  const { address: registryAddress = "" } = registry;
  if (registryAddress !== "" && registryAddressProblem(registryAddress) !== undefined) return undefined;
  return {
    services: { ...services },
    mcias: { ca_cert: "", service_name: "mcp", ...mcias, server_url: url },
    auth: { username: "", password_file: "", ...auth },
    tls: { ca_cert: "", ...tls },
    build: { ...build },
    registry: { address: "", ca_cert: "", ...registry },
    nodes: nodes.map(({ name = "", address = "", server_name, arch }) => {
      const architecture = architectureOf(arch);
      return {
        ...{ name, address },
        ...(server_name === undefined ? {} : { server_name }),
        ...(architecture === undefined ? {} : { arch: architecture }),
      };
    }),
  };
}
