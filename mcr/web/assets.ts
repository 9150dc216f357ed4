import { readFileSync } from "node:fs";
import { type Assets, createAssets } from "@metacircular/mcdsl/web/assets.ts";
import { baseStyle } from "@metacircular/mcdsl/web/base-style.ts";

const names = ["registry.css", "registry.js", "icon.svg"];

/** Reads the files that the pages refer to. */
export function openAssets(): Assets {
  const own = names.map((name): [string, string] => [
    name,
    readFileSync(new URL(`assets/${name}`, import.meta.url), "utf8"),
  ]);
  return createAssets({ "base.css": baseStyle(), ...Object.fromEntries(own) });
}
