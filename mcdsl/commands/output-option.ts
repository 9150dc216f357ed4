import { Option } from "@commander-js/extra-typings";

/** `--output`. A fresh one per command: options hold their value. */
export function outputOption(): Option<
  "-o, --output <format>",
  undefined,
  "table",
  undefined,
  false,
  "table" | "json"
> {
  return new Option("-o, --output <format>", "table for people, json for programs")
    .choices(["table", "json"] as const)
    .default("table" as const);
}
