import { readdir } from "node:fs/promises";
import { join } from "node:path";

import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";
import { nearestWord } from "@metacircular/mcdsl/toml/nearest.ts";

import { definedServices, definitionPath, findDefinition, type LoadedDefinition } from "./find.ts";
import { readDefinition } from "./read.ts";

/** The operator's definitions, each read for itself. */
export interface Definitions {
  readonly usable: readonly LoadedDefinition[];
  readonly unusable: readonly UnusableDefinition[];
}

/** A file that does not say what it should, or that is not there. */
export interface UnusableDefinition {
  /** Service by the name of the file, or what was asked for. */
  readonly service: string;
  /** All services that it might be about. */
  readonly mayDefine: readonly string[];
  readonly error: DetailedError;
}

const filesAtOnce = 16;

/** Reads all definitions of the directory, files whose names begin with a dot left aside.
 * @throws DetailedError DEFINITIONS_UNREADABLE where there is no directory, or it cannot be read */
export async function readAllDefinitions(directory: string): Promise<Definitions> {
  const entries = await readdir(directory).catch((cause: unknown) => {
    throw unreadable(directory, cause);
  });
  const names = entries
    .filter((entry) => entry.endsWith(".toml") && !entry.startsWith("."))
    .map((entry) => entry.slice(0, -".toml".length));
  return readEach(directory, names.toSorted());
}

/** Reads the definitions of these services.
 * @throws DetailedError NAME_INVALID never: what cannot be read is among the unusable */
export function readDefinitions(directory: string, services: readonly string[]): Promise<Definitions> {
  return readEach(directory, [...new Set(services)]);
}

async function readEach(directory: string, services: readonly string[]): Promise<Definitions> {
  const usable: LoadedDefinition[] = [];
  const unusable: UnusableDefinition[] = [];
  const queue = services.values();
  const workers = Array.from({ length: filesAtOnce }, async () => {
    for (const service of queue) {
      const read = await readOne(directory, service);
      if ("definition" in read) usable.push(read);
      else unusable.push(read);
    }
  });
  await Promise.all(workers);
  return { usable: usable.toSorted(byFile), unusable: unusable.toSorted(byService) };
}

async function readOne(directory: string, service: string): Promise<LoadedDefinition | UnusableDefinition> {
  try {
    return (await findDefinition(directory, service)) ?? (await missing(directory, service));
  } catch (thrown) {
    if (!(thrown instanceof DetailedError)) throw thrown;
    const within = await readDefinition(definitionPath(directory, service)).then(
      ({ name }) => [name],
      () => [],
    );
    return { service, mayDefine: [...new Set([service, ...within])], error: thrown };
  }
}

async function missing(directory: string, service: string): Promise<UnusableDefinition> {
  const meant = nearestWord(service, await definedServices(directory));
  const error = new DetailedError({
    code: "DEFINITION_NOT_FOUND",
    category: "not-found",
    attempted: "read definition",
    subject: definitionPath(directory, service),
    found: "there is no such file",
    remedy: meant === undefined ? "create it" : `did you mean ${meant}?`,
  });
  return { service, mayDefine: [service], error };
}

function unreadable(directory: string, cause: unknown): DetailedError {
  const isMissing = systemCodeOf(cause) === "ENOENT";
  return new DetailedError({
    code: "DEFINITIONS_UNREADABLE",
    category: "failed-precondition",
    attempted: "read the definitions in",
    subject: directory,
    found: isMissing ? "there is no such directory" : "it cannot be read",
    remedy: isMissing
      ? `create it with: mkdir -p ${join(directory)}; or name another as [services] dir in the configuration`
      : "check its permissions",
    cause,
  });
}

function byFile(a: LoadedDefinition, b: LoadedDefinition): number {
  return a.file < b.file ? -1 : 1;
}

function byService(a: UnusableDefinition, b: UnusableDefinition): number {
  return a.service < b.service ? -1 : 1;
}
