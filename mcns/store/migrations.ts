import type { Migration } from "@metacircular/mcdsl/database/migrate.ts";
import { zonesSchema } from "./migrations/001-zones.ts";

/** Changes of the database's schema. */
export const migrations: readonly Migration[] = [{ name: "zones", sql: zonesSchema }];
