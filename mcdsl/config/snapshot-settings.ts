import { z } from "zod";
import { duration } from "./fields.ts";

/** The section `[snapshot]` of a service with a database. */
export const snapshotSettings = z
  .strictObject({
    /** Default: `backups/` beside the database. */
    directory: z.string().default(""),
    /** How many of the newest are kept. */
    keep: z.int().min(1).max(10_000).default(14),
    keep_for: duration().prefault("30d"),
  })
  .prefault({});

export type SnapshotSettings = z.output<typeof snapshotSettings>;
