import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { writeFileAtomic } from "@metacircular/mcdsl/files/write-atomic.ts";
import { randomUUID } from "node:crypto";
import type { Stats } from "node:fs";
import { chmod, lstat, mkdir, readdir } from "node:fs/promises";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";
import { z } from "zod";
import { directoriesOf, layoutOf, type StateLayout } from "./layout.ts";
import { readIfPresent } from "./read-if-present.ts";

/** Of what is in the directory. A newer one is refused, an older one would be migrated here. */
const stateVersion = 1;

/** Sockets below it must fit into the 107 characters that Linux allows for the path of one. */
const pathLengthMaximum = 80;

const markerSchema = z.object({
  product: z.literal("metacircular"),
  version: z.int().positive(),
  id: z.uuid(),
});

type Marker = z.infer<typeof markerSchema>;

const attempted = "use state directory";

/** Opens the state directory, creating and marking it where there is none or it is empty.
 * @throws DetailedError `STATE_…` when it is somebody else's, unreadable, or of a newer version */
export async function createStateDirectory(path: string): Promise<StateLayout> {
  const layout = layoutOf(path);
  if (path.length > pathLengthMaximum) throw tooLong(path);
  const stats = await lstatIfPresent(path);
  if (stats === undefined) await mkdir(path, { recursive: true, mode: 0o700 });
  else checkOwner(path, stats);
  if ((await readMarker(layout)) === undefined) {
    const entries = await readdir(path);
    if (entries.length > 0) throw foreign(path, "it holds other files and no metacircular.json");
    await writeMarker(layout);
  }
  await chmod(path, 0o700);
  for (const directory of directoriesOf(layout)) await mkdir(directory, { recursive: true, mode: 0o700 });
  return layout;
}

/** The state directory where there is one that is ours; undefined where there is nothing at all.
 * @throws DetailedError `STATE_…` as above */
export async function findStateDirectory(path: string): Promise<StateLayout | undefined> {
  const stats = await lstatIfPresent(path);
  if (stats === undefined) return undefined;
  checkOwner(path, stats);
  const layout = layoutOf(path);
  if ((await readMarker(layout)) !== undefined) return layout;
  if ((await readdir(path)).length === 0) return undefined;
  throw foreign(path, "it holds other files and no metacircular.json");
}

async function writeMarker(layout: StateLayout): Promise<void> {
  const marker: Marker = { product: "metacircular", version: stateVersion, id: randomUUID() };
  await writeFileAtomic(layout.marker, `${JSON.stringify(marker)}\n`, { mode: 0o600 });
}

async function readMarker(layout: StateLayout): Promise<Marker | undefined> {
  const text = await readIfPresent(layout.marker);
  if (text === undefined) return undefined;
  const marker = markerSchema.safeParse(parseJson(text));
  if (!marker.success) throw foreign(layout.root, "its metacircular.json is not one of ours");
  if (marker.data.version > stateVersion) throw newer(layout.root, marker.data.version);
  return marker.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function checkOwner(path: string, stats: Stats): void {
  if (stats.isSymbolicLink()) throw foreign(path, "it is a symbolic link");
  if (!stats.isDirectory()) throw foreign(path, "it is not a directory");
  const uid = process.getuid?.() ?? 0;
  if (stats.uid !== uid) throw foreign(path, `it belongs to user ${stats.uid}, this is user ${uid}`);
}

async function lstatIfPresent(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (thrown) {
    if (isMissing(thrown)) return undefined;
    throw thrown;
  }
}

function isMissing(thrown: unknown): boolean {
  return systemCodeOf(thrown) === "ENOENT";
}

function foreign(path: string, found: string): DetailedError {
  return new DetailedError({
    code: "STATE_NOT_OURS",
    category: "failed-precondition",
    attempted,
    subject: path,
    found,
    remedy: "name another directory with --state; nothing in this one was touched",
  });
}

function newer(path: string, version: number): DetailedError {
  return new DetailedError({
    code: "STATE_TOO_NEW",
    category: "failed-precondition",
    attempted,
    subject: path,
    found: `it was written by version ${version} of its format, this program knows up to ${stateVersion}`,
    remedy: "run the newer checkout that wrote it",
  });
}

function tooLong(path: string): DetailedError {
  return new DetailedError({
    code: "STATE_PATH_TOO_LONG",
    category: "invalid-argument",
    attempted,
    subject: path,
    found: `its path has ${path.length} characters, and sockets below it allow ${pathLengthMaximum}`,
    remedy: "name a shorter one with --state",
  });
}
