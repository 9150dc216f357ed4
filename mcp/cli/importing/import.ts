import { readdir, stat } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";

import { DetailedError } from "@metacircular/mcdsl/errors.ts";

import { composeService } from "./compose/project.ts";
import { importedDefinition } from "./definition.ts";
import type { ImportedService, Surroundings } from "./imported.ts";
import { quadletService, unitEndings } from "./quadlet/units.ts";

/** A definition that was made from files. */
export interface Imported {
  readonly name: string;
  readonly definition: Readonly<Record<string, unknown>>;
  /** Names of its components. */
  readonly components: readonly string[];
}

const composeNames = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];
const composeEndings: ReadonlySet<string> = new Set([".yaml", ".yml"]);

/** Most files of one directory that are looked at. */
const mostFiles = 1_000;

/** Makes definitions: one from each compose file, one from the Quadlet units of each directory. What they cannot carry
 * over is in the report, and so is what keeps them from being valid.
 * @param paths files, or directories to look for them in
 * @throws DetailedError IMPORT_UNREADABLE */
export async function importFiles(
  paths: readonly string[],
  chosen: { service: string | undefined; node: string },
  surroundings: Surroundings,
): Promise<Imported[]> {
  const files = (await Promise.all(paths.map((path) => filesAt(resolve(path))))).flat();
  const sources: { file: string; make: () => Promise<ImportedService | undefined> }[] = [];
  for (const file of files.filter((each) => composeEndings.has(extname(each)))) {
    await noteOverrides(file, surroundings);
    sources.push({ file, make: async () => composeService(file, chosen.service, surroundings) });
  }
  for (const units of byDirectory(files.filter((each) => unitEndings.has(extname(each))))) {
    await noteDropIns(units, surroundings);
    const [file = ""] = units;
    sources.push({ file, make: async () => quadletService(units, chosen.service, surroundings) });
  }
  const result: Imported[] = [];
  for (const { file, make } of sources) {
    const service = await make();
    if (service === undefined) continue;
    const definition = importedDefinition(service, chosen.node, file, surroundings.report);
    if (result.some(({ name }) => name === service.name)) {
      surroundings.report.add(
        "problem",
        { file, line: 1 },
        "name",
        `two services would be called ${service.name}; import them one by one with --service`,
      );
    }
    result.push({ name: service.name, definition, components: service.components.map(({ name }) => name) });
  }
  noteUnknownImages(result, sources[0]?.file ?? "", surroundings);
  return result;
}

/** A misspelt component would leave its image as it was. */
function noteUnknownImages(
  imported: readonly Imported[],
  file: string,
  { images, report }: Surroundings,
): void {
  const names = imported.flatMap(({ components }) => components);
  for (const name of images.keys()) {
    if (names.includes(name)) continue;
    const message = `there is no component ${name}; there ${names.length === 1 ? "is" : "are"} ${names.join(", ") || "none"}`;
    report.add("problem", { file, line: 1 }, "--image", message);
  }
}

/** The file, or those of a directory that can be imported. */
async function filesAt(path: string): Promise<string[]> {
  const found = await stat(path).catch((cause: unknown) => cause as NodeJS.ErrnoException);
  if (found instanceof Error)
    throw unreadable(
      path,
      found.code === "ENOENT" ? "there is no such file" : `it cannot be read (${found.code})`,
    );
  if (!found.isDirectory()) {
    if (composeEndings.has(extname(path)) || unitEndings.has(extname(path))) return [path];
    throw unreadable(
      path,
      "it is neither a compose file (.yaml, .yml) nor a Quadlet unit (.container and so on)",
    );
  }
  const names = (await readdir(path)).slice(0, mostFiles).toSorted();
  const compose = composeNames.find((name) => names.includes(name));
  const units = names.filter((name) => unitEndings.has(extname(name)));
  const files = [...(compose === undefined ? [] : [compose]), ...units].map((name) => join(path, name));
  if (files.length > 0) return files;
  throw unreadable(path, "there is neither a compose file nor a Quadlet unit in it");
}

function byDirectory(files: readonly string[]): string[][] {
  return [...Map.groupBy(files, dirname).values()];
}

/** Compose reads a second file by itself. */
async function noteOverrides(file: string, { report }: Surroundings): Promise<void> {
  const names = await readdir(dirname(file)).catch(() => []);
  const override = names.find((name) => /^(docker-)?compose\.override\.ya?ml$/.test(name));
  if (override === undefined || override === basename(file) || !composeNames.includes(basename(file))) return;
  report.add("left-out", { file, line: 1 }, override, "it is not read; put what it overrides into one file");
}

async function noteDropIns(units: readonly string[], { report }: Surroundings): Promise<void> {
  for (const file of units) {
    const names = await readdir(`${file}.d`).catch(() => []);
    for (const name of names.filter((each) => each.endsWith(".conf"))) {
      report.add(
        "left-out",
        { file, line: 1 },
        `${basename(file)}.d/${name}`,
        "it is not read; put what it says into the unit",
      );
    }
  }
}

function unreadable(subject: string, found: string): DetailedError {
  return new DetailedError({
    code: "IMPORT_UNREADABLE",
    category: "invalid-argument",
    attempted: "import",
    subject,
    found,
    remedy: "name a compose file, Quadlet units, or a directory with them",
  });
}
