import { stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { fine, type Judgement, problem, warning } from "@metacircular/mcp-core/doctor/finding.ts";
import { requiredBytes } from "../deploy/steps/check-disk.ts";
import type { Check } from "./check.ts";

/** A file system and what lies on it. */
export interface Disk {
  /** Directories, with what they hold. */
  readonly subject: string;
  readonly totalBytes: number;
  readonly freeBytes: number;
  /** 0: it has no fixed number. */
  readonly totalInodes: number;
  readonly freeInodes: number;
}

const lowShare = 0.1;
const leastInodeShare = 0.02;

/** Free space and inodes below the services, the registry and the images. */
export const diskCheck: Check = {
  name: "disk",
  async run({ directories, files, runtime }, signal) {
    const storage = await runtime.storageDirectory(signal).catch(() => undefined);
    const places = [
      { path: directories.services, holds: "services" },
      { path: dirname(files.database), holds: "registry" },
      ...(storage === undefined ? [] : [{ path: storage, holds: "images and containers" }]),
    ];
    return (await disksOf(places)).map(judgeDisk);
  },
};

export function judgeDisk({ subject, totalBytes, freeBytes, totalInodes, freeInodes }: Disk): Judgement {
  const found = `${mebibytes(freeBytes)} of ${mebibytes(totalBytes)} are free`;
  const remedy = "free some space: podman image prune, podman system df; du -xh <directory> | sort -h | tail";
  if (freeBytes < requiredBytes) {
    return problem(subject, `${found}; deploys need ${mebibytes(requiredBytes)}`, remedy);
  }
  const inodes = totalInodes === 0 ? 1 : freeInodes / totalInodes;
  const foundInodes = `${freeInodes} of ${totalInodes} inodes are free`;
  const remedyInodes = "remove many small files: du --inodes -x <directory> | sort -n | tail";
  if (inodes < leastInodeShare) return problem(subject, foundInodes, remedyInodes);
  if (freeBytes < totalBytes * lowShare) return warning(subject, found, remedy);
  if (inodes < lowShare) return warning(subject, foundInodes, remedyInodes);
  return fine(subject, found);
}

/** One entry per file system, whatever number of the places lie on it. */
async function disksOf(places: readonly { path: string; holds: string }[]): Promise<Disk[]> {
  const byDevice = new Map<number, { path: string; holds: string }[]>();
  for (const place of places) {
    // That there is no such directory is what another check finds.
    const dev = (await stat(place.path).catch(() => undefined))?.dev;
    if (dev === undefined) continue;
    byDevice.set(dev, [...(byDevice.get(dev) ?? []), place]);
  }
  return Promise.all(
    [...byDevice.values()].map(async (same) => {
      const { blocks, bavail, bsize, files, ffree } = await statfs(same[0]?.path ?? "/");
      return {
        subject: same.map(({ path, holds }) => `${path} (${holds})`).join(", "),
        totalBytes: blocks * bsize,
        freeBytes: bavail * bsize,
        totalInodes: files,
        freeInodes: ffree,
      };
    }),
  );
}

function mebibytes(sizeBytes: number): string {
  return `${Math.floor(sizeBytes / 2 ** 20)} MiB`;
}
