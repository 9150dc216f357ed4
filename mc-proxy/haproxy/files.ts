import { chmod, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import { certificateListLine } from "./certificate-files.ts";
import type { WantedState } from "./changes.ts";
import { mapText } from "./entries.ts";
import { longestDirectory, type Paths } from "./paths.ts";

/** What HAProxy reads at its start only. */
export interface StaticFiles {
  /** With the number of the process that will read it. */
  configuration(generation: number): string;
  readonly maintenancePage: string;
  /** What a running process is told by from one with another configuration. */
  readonly fingerprint: string;
}

/** Makes the data plane's directory, for us alone.
 * @throws DetailedError PROXY_DIRECTORY_UNUSABLE */
export async function prepareDirectory(paths: Paths): Promise<void> {
  if (Buffer.byteLength(paths.directory) > longestDirectory)
    throw unusable(paths, `its path has more than ${longestDirectory} bytes`);
  if (/[\s"'\\#]/.test(paths.directory))
    throw unusable(paths, "its path has spaces, quotes, # or backslashes");
  try {
    for (const directory of [paths.directory, paths.maps, paths.certificates]) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await chmod(directory, 0o700);
    }
  } catch (thrown) {
    throw unusable(paths, messageOf(thrown), thrown);
  }
}

/** Writes all that HAProxy reads at its start, always all of it: a running process does not look at it, and nobody else
 * vouches for it. It need not survive a power failure, since it is written again before the next start. */
export async function writeFiles(
  paths: Paths,
  files: StaticFiles,
  { maps, certificates }: WantedState,
  generation: number,
): Promise<void> {
  const lines = [...certificates.values()].map((certificate) => `${certificateListLine(certificate)}\n`);
  const contents: [path: string, content: string][] = [
    [paths.configuration, files.configuration(generation)],
    [paths.maintenancePage, files.maintenancePage],
    [paths.certificateList, lines.join("")],
    ...[...maps].map(([name, entries]): [string, string] => [paths.map(name), mapText(entries)]),
    ...[...certificates.values()].map(({ path, pem }): [string, string] => [path, pem]),
  ];
  for (const [path, content] of contents) await writeFile(path, content, { mode: 0o600 });
  await removeOthers(paths.certificates, new Set(certificates.keys()));
  await removeOthers(paths.maps, new Set([...maps.keys()].map((name) => paths.map(name))));
}

async function removeOthers(directory: string, kept: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    if (!kept.has(path)) await rm(path, { force: true });
  }
}

function unusable(paths: Paths, found: string, cause?: unknown): DetailedError {
  return new DetailedError({
    code: "PROXY_DIRECTORY_UNUSABLE",
    category: "failed-precondition",
    attempted: "use for the data plane",
    subject: paths.directory,
    found,
    remedy: "name a directory with a short path that belongs to the user of mc-proxy",
    cause,
  });
}
