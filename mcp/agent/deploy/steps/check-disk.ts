import { statfs } from "node:fs/promises";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { StepOf } from "@metacircular/mcp-core/step.ts";
import type { StepContext } from "../step-context.ts";

/** Below this a deploy would fail half-way. */
const requiredBytes = 256 * 1024 * 1024;

/** Fails where the file system of the service directories is nearly full. */
export async function checkDisk(_: StepOf<"check-disk">, { servicesDir }: StepContext): Promise<void> {
  const { bavail, bsize } = await statfs(servicesDir);
  const freeBytes = bavail * bsize;
  if (freeBytes >= requiredBytes) return;
  throw new DetailedError({
    code: "DISK_FULL",
    category: "resource-exhausted",
    attempted: "deploy into",
    subject: servicesDir,
    found: `${Math.floor(freeBytes / 1024 / 1024)} MiB are free, ${requiredBytes / 1024 / 1024} MiB are needed`,
    remedy: "free some space, e.g. with: podman image prune",
    facts: { free_bytes: String(freeBytes) },
  });
}
