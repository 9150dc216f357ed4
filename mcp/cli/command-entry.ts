import type { Command } from "@commander-js/extra-typings";

import type { Invocation } from "./invocation.ts";

/** A file in `commands/`. */
export interface CommandModule {
  /** Gives the command its arguments, options, help and action. */
  readonly define: (command: Command, invocation: Invocation) => void;
  /** Keys of its JSON output with their meaning; missing where it has none. */
  readonly json?: Readonly<Record<string, string>>;
}

/** A command, or a group of commands. Help for all of them needs only this table; a command's file is loaded
 * when the command is used. */
export type CommandEntry =
  | {
      readonly name: string;
      readonly summary: string;
      readonly hidden?: true;
      /** Of a group: the one that is meant where the group alone is named. */
      readonly isDefault?: true;
      readonly load: () => Promise<CommandModule>;
    }
  | { readonly name: string; readonly summary: string; readonly commands: readonly CommandEntry[] };
