import { metacryptSchema } from "./migrations/001-metacrypt.ts";

/** Changes of the database's schema. */
export const MIGRATIONS = [{ name: "metacrypt", sql: metacryptSchema }];
