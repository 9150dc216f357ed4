import { readFileSync, writeFileSync } from "node:fs";

/** Writes a generated file, or with `--check` on the command line compares it and fails where it differs. */
export function writeOrCheck(file: string, content: string): void {
  if (!process.argv.includes("--check")) {
    writeFileSync(file, content);
    return;
  }
  if (currentContent(file) === content) return;
  console.error(`${file} is not current; run \`node ${process.argv[1]}\``);
  process.exitCode = 1;
}

function currentContent(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
