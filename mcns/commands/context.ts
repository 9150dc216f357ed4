import { type CommandContext, configOptionOf } from "@metacircular/mcdsl/commands/context.ts";

export type { CommandContext };

export const configOption = configOptionOf("mcns");
