import { type CommandContext as Context, configOptionOf } from "@metacircular/mcdsl/commands/context.ts";

/** What every command gets from outside. */
export interface CommandContext extends Context {
  readonly version: string;
}

export const configOption = configOptionOf("metacrypt");
