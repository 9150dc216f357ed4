/** The part of `--help` that shows how a command is used. */
export function examples(...lines: string[]): string {
  return ["", lines.length === 1 ? "Example:" : "Examples:", ...lines.map((line) => `  $ ${line}`)].join(
    "\n",
  );
}
