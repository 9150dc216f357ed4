import type { Command } from "@commander-js/extra-typings";

import { globalsOf } from "../globals.ts";
import type { Invocation } from "../invocation.ts";
import { Output } from "../output/output.ts";
import { version } from "../version.ts";

export const json = { version: "version of mcp", node: "version of the Node.js it runs on" } as const;

export function define(command: Command, invocation: Invocation): void {
  command.action((_, self) => {
    const output = new Output(invocation, globalsOf(self));
    if (output.format === "json") output.json({ version, node: process.versions.node });
    else output.print(`mcp ${version}`);
  });
}
