import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { checkout } from "./program.ts";
/** A run of a program on a terminal of its own. */
export interface TerminalRun {
  /** Everything the terminal has shown, as it came. */
  shown(): string;
  /** Resolves once the terminal shows the text. */
  seen(text: string): Promise<void>;
  type(text: string): void;
  /** Exit code. */
  readonly result: Promise<number | null>;
}

/** Runs a program of the checkout on a pseudo-terminal, by `script` of util-linux. `entry` is a TypeScript file. */
export function startOnTerminal(
  entry: string,
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
): TerminalRun {
  const command = `exec ${[process.execPath, join(checkout, entry), ...argv].map((word) => `'${word}'`).join(" ")}`;
  const terminal = spawn("script", ["-qefc", command, "/dev/null"], {
    env: { PATH: process.env["PATH"] ?? "", HOME: "/nonexistent", TERM: "xterm", SHELL: "/bin/sh", ...env },
    stdio: "pipe",
  });
  let shown = "";
  const watchers = new Set<() => void>();
  terminal.stdout.setEncoding("utf8").on("data", (text: string) => {
    shown += text;
    for (const watch of watchers) watch();
  });
  const result = once(terminal, "close").then(([code]) => code as number | null);
  return {
    shown: () => shown,
    async seen(text) {
      const matched = Promise.withResolvers<void>();
      const watch = (): void => {
        if (shown.includes(text)) matched.resolve();
      };
      watchers.add(watch);
      watch();
      const early = result.then((code) => {
        throw new Error(`${entry} ended with ${code} before it showed ${text}: ${shown}`);
      });
      early.catch(() => {});
      await Promise.race([matched.promise, early]);
      watchers.delete(watch);
    },
    type: (text) => void terminal.stdin.write(text),
    result,
  };
}
