import { readdir } from "node:fs/promises";
import { join } from "node:path";

import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Definition } from "@metacircular/mcp-core/definition.ts";

import { readDefinition } from "./read.ts";

/** A definition and the file it was read from. */
export interface LoadedDefinition {
  readonly file: string;
  readonly definition: Definition;
}

const suffix = ".toml";
const serviceName = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Path of a service's definition: the directory is searched by file name, `<service>.toml`. */
export function definitionPath(directory: string, service: string): string {
  return join(directory, `${service}${suffix}`);
}

/** Whether the text can be the name of a service or component. */
export function isServiceName(text: string): boolean {
  return serviceName.test(text);
}

/** Throws unless the text can be the name of a service, so that it can become part of a path. */
export function assertServiceName(service: string): void {
  if (isServiceName(service)) return;
  throw new DetailedError({
    code: "NAME_INVALID",
    category: "invalid-argument",
    attempted: "find service",
    subject: JSON.stringify(service),
    found: "it is not a service name",
    remedy: 'use a-z, 0-9 and inner "-" only',
  });
}

/** The definition of a service, or undefined where there is no file for it.
 * @throws DetailedError as `readDefinition`, but for a missing file */
export async function findDefinition(
  directory: string,
  service: string,
): Promise<LoadedDefinition | undefined> {
  assertServiceName(service);
  const file = definitionPath(directory, service);
  try {
    return { file, definition: await readDefinition(file, service) };
  } catch (thrown) {
    if (thrown instanceof DetailedError && thrown.code === "DEFINITION_NOT_FOUND") return undefined;
    throw thrown;
  }
}

/** Names of the services that have a file in the directory, sorted; none where there is no directory. */
export async function definedServices(directory: string): Promise<string[]> {
  const entries = await readdir(directory).catch(() => []);
  return entries
    .filter((entry) => entry.endsWith(suffix))
    .map((entry) => entry.slice(0, -suffix.length))
    .filter((name) => serviceName.test(name))
    .toSorted();
}
