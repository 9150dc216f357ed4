import type { z } from "zod";
import { fieldsOf, unwrap } from "../toml/schema-shape.ts";
import { formatHostAndPort, parseHostAndPort } from "./host-and-port.ts";

/** A value that an environment variable sets in place of the file's. */
export interface Override {
  readonly path: readonly string[];
  readonly variable: string;
  readonly value: unknown;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable whose value cannot be used. */
export interface BadVariable {
  readonly variable: string;
  readonly message: string;
}

/** What the environment overrides: `PREFIX_SECTION_KEY` for each field that takes a string, number, boolean
 * or (separated by commas) a list of these. Other variables with the prefix are left alone. */
export function overridesFrom(schema: z.ZodType, prefix: string, environment: Environment): Override[] {
  return leavesOf(schema, []).flatMap(({ path, schema: leaf }) => {
    const variable = [prefix, ...path].join("_").replaceAll("-", "_").toUpperCase();
    const text = environment[variable];
    return text === undefined ? [] : [{ path, variable, value: typed(leaf, text) }];
  });
}

type Leaf = { path: readonly string[]; schema: z.core.$ZodType };

function leavesOf(schema: z.core.$ZodType, path: readonly string[]): Leaf[] {
  const fields = fieldsOf(schema);
  if (fields === undefined) return [{ path, schema }];
  return Object.entries(fields).flatMap(([name, field]) => leavesOf(field, [...path, name]));
}

/** The text as the type that the schema takes; left as it is where it is not one, for the schema to refuse. */
function typed(schema: z.core.$ZodType, text: string): unknown {
  const definition = unwrap(schema)._zod.def;
  switch (definition.type) {
    case "number":
      return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
    case "boolean":
      return { true: true, "1": true, false: false, "0": false }[text.toLowerCase()] ?? text;
    case "array":
      return text.trim() === ""
        ? []
        : text.split(",").map((entry) => typed(definition.element, entry.trim()));
    default:
      return text;
  }
}

const portVariables = [
  { variable: "PORT", path: ["server", "listen_addr"] },
  { variable: "PORT_GRPC", path: ["server", "grpc_addr"] },
] as const;

/** What `$PORT` and `$PORT_GRPC` override: the ports of `server.listen_addr` and `server.grpc_addr` where the
 * schema has them. The host stays; without one it is `0.0.0.0`. `current` is the configuration so far. */
export function portOverrides(
  schema: z.ZodType,
  current: unknown,
  environment: Environment,
): { overrides: Override[]; bad: BadVariable[] } {
  const overrides: Override[] = [];
  const bad: BadVariable[] = [];
  for (const { variable, path } of portVariables) {
    const text = environment[variable];
    const [section, key] = path;
    const server = fieldsOf(schema)?.[section];
    if (text === undefined || server === undefined || fieldsOf(server)?.[key] === undefined) continue;
    const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
    if (port < 1 || port > 65_535) {
      bad.push({ variable, message: `must be a port from 1 to 65535, not ${JSON.stringify(text)}` });
      continue;
    }
    const host = hostOf(stringAt(current, section, key));
    overrides.push({ path, variable, value: formatHostAndPort({ host, port }) });
  }
  return { overrides, bad };
}

function hostOf(address: string | undefined): string {
  const host = address === undefined ? undefined : parseHostAndPort(address)?.host;
  return host === undefined || host === "" ? "0.0.0.0" : host;
}

function stringAt(content: unknown, section: string, key: string): string | undefined {
  const table = isTable(content) ? content[section] : undefined;
  const value = isTable(table) ? table[key] : undefined;
  return typeof value === "string" ? value : undefined;
}

/** The content with the overrides put in; tables that are missing are made. */
export function applyOverrides(content: unknown, overrides: readonly Override[]): unknown {
  return overrides.reduce((result, override) => put(result, override.path, override.value), content);
}

function put(content: unknown, path: readonly string[], value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const table = isTable(content) ? content : {};
  return { ...table, [key]: put(table[key], rest, value) };
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
