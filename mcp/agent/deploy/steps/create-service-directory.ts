import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { StepOf } from "@metacircular/mcp-core/step.ts";
import type { StepContext } from "../step-context.ts";

/** Makes `<services_dir>/<service>` where it does not exist. */
export async function createServiceDirectory(
  _: StepOf<"create-service-directory">,
  { servicesDir, service }: StepContext,
): Promise<void> {
  const path = join(servicesDir, service);
  try {
    await mkdir(path, { mode: 0o750, recursive: true });
  } catch (cause) {
    throw new DetailedError({
      code: "SERVICE_DIRECTORY_FAILED",
      category: "failed-precondition",
      attempted: "create the data directory",
      subject: path,
      found: cause instanceof Error ? cause.message : String(cause),
      remedy: "let the agent's user own [agent] services_dir",
      cause,
    });
  }
}
