import { readFileSync } from "node:fs";

/** The style sheet that all web interfaces share. */
export function baseStyle(): string {
  return readFileSync(new URL("base.css", import.meta.url), "utf8");
}
