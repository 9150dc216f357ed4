import { join } from "node:path";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { UploadTable } from "../registry/uploads.ts";
import { walkIfThere } from "./walk.ts";

/** Removes the unfinished files that pushes have written down and not finished; none may be going on. What cannot
 * be removed stays written down. Which those are is known when this returns its promise. */
export async function removeUnfinished(
  servicesDir: string,
  uploads: UploadTable,
  logger: Logger,
): Promise<void> {
  for (const { name, service, path } of uploads.all()) {
    const task = { action: "push", path: join(servicesDir, service, path) } as const;
    try {
      await using place = await walkIfThere({ task, servicesDir, service, names: path.split("/") });
      await place?.directory.removeFile(name);
      uploads.forget(name);
      logger.info({ service, path, name }, "removed what a push left that was broken off");
    } catch (error) {
      logger.warn({ error, service, path, name }, "cannot remove what a push left that was broken off");
    }
  }
}
