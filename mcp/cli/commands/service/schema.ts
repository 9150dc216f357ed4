import type { Command } from "@commander-js/extra-typings";
import { definitionJsonSchema } from "@metacircular/mcp-core/definition.ts";

import { globalsOf } from "../../globals.ts";
import type { Invocation } from "../../invocation.ts";
import { Output } from "../../output/output.ts";

export const json = { "…": "the JSON Schema (draft-07)" } as const;

export function define(command: Command, invocation: Invocation): void {
  command.addHelpText("after", examples).action((_, self) => {
    new Output(invocation, globalsOf(self)).json(definitionJsonSchema());
  });
}

const examples = `
Editors with Taplo complete and check a definition that begins with
  #:schema ./definition.schema.json

Examples:
  mcp service schema > definition.schema.json
`;
