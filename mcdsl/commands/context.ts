import { userInfo } from "node:os";
import { Option } from "@commander-js/extra-typings";
import type { Clock } from "../clock.ts";
import type { Environment } from "../config/overrides.ts";
import type { Terminal } from "./terminal.ts";

/** What every command of a service's program gets from outside. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly environment: Environment;
  readonly clock: Clock;
}

/** Makes the option of commands that work on the files of a service: each time a fresh one, for options hold their value.
 * @param program as it is called, e.g. `mc-proxy`: that gives the variable, and the file where none is named */
export function configOptionOf(program: string): () => Option<"-c, --config <file>", undefined, string> {
  const variable = `${program.toUpperCase().replaceAll("-", "_")}_CONFIG`;
  return () =>
    new Option("-c, --config <file>", "configuration file")
      .env(variable)
      .default(`/srv/${program}/${program}.toml`);
}

/** Whoever runs the command, for the audit log. */
export function operator(): string {
  return `cli:${userInfo().username}`;
}
