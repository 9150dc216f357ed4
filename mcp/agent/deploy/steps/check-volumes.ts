import { stat } from "node:fs/promises";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";
import type { StepOf } from "@metacircular/mcp-core/step.ts";
import type { StepContext } from "../step-context.ts";

/** Fails where a directory or file that is to be mounted does not exist; names all that are missing.
 * A source that is no path names a volume of the runtime, which creates it where there is none. */
export async function checkVolumes(
  { component, volumes }: StepOf<"check-volumes">,
  { service }: StepContext,
): Promise<void> {
  const sources = volumes.map((volume) => volume.split(":")[0] ?? "").filter((path) => path.startsWith("/"));
  const found = await Promise.all(sources.map(exists));
  const missing = sources.filter((_, index) => found[index] === false);
  if (missing.length === 0) return;
  throw new DetailedError({
    code: "MOUNT_SOURCE_MISSING",
    category: "failed-precondition",
    attempted: "mount the volumes of",
    subject: `${service}/${component}`,
    found: `not on the node: ${missing.join(", ")}`,
    remedy: `create it there, e.g. with: mkdir -p ${missing[0]}`,
  });
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT") return false;
    // Not readable for us may well be mountable for the runtime.
    return true;
  }
}
