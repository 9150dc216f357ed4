import { statfs } from "node:fs/promises";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";
import type { StepOf } from "@metacircular/mcp-core/step.ts";
import type { StepContext } from "../step-context.ts";

/** Below this a deploy would fail half-way. */
export const requiredBytes = 256 * 1024 * 1024;

/** Fails where the file system of the service directories or that of the runtime's images and containers is
 * nearly full: on a full one not even the previous version could be started again. */
export async function checkDisk(
  _: StepOf<"check-disk">,
  { servicesDir, runtime, signal }: StepContext,
): Promise<void> {
  for (const directory of [servicesDir, await runtime.storageDirectory(signal)]) {
    const freeBytes = await freeBytesOf(directory);
    if (freeBytes < requiredBytes) throw diskFull(directory, freeBytes);
  }
}

async function freeBytesOf(directory: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  } catch (error) {
    // The store of another user's runtime cannot be seen; its own errors have to do.
    if (systemCodeOf(error) === "EACCES") return Infinity;
    throw error;
  }
}

function diskFull(directory: string, freeBytes: number): DetailedError {
  return new DetailedError({
    code: "DISK_FULL",
    category: "resource-exhausted",
    attempted: "deploy with",
    subject: directory,
    found: `${Math.floor(freeBytes / 1024 / 1024)} MiB are free, ${requiredBytes / 1024 / 1024} MiB are needed`,
    remedy: "free some space, e.g. with: podman image prune",
    facts: { free_bytes: String(freeBytes), directory },
  });
}
