import type { Command, CommandUnknownOpts } from "@commander-js/extra-typings";

import { candidatesFor, type LiveNames } from "../completion/candidates.ts";
import type { Invocation } from "../invocation.ts";
import { Output } from "../output/output.ts";
import { plain } from "../output/table.ts";

/** Live names need the configuration and the client; they are loaded when a name is wanted. What goes wrong
 * leaves the completion without names: nobody wants an error in the middle of typing. */
function liveNames(command: CommandUnknownOpts, invocation: Invocation): LiveNames {
  async function names(of: (live: LiveNames) => Promise<string[]>): Promise<string[]> {
    try {
      const { openContext } = await import("../context.ts");
      const { createLiveNames } = await import("../completion/live-names.ts");
      await using context = await openContext(command, invocation);
      return await of(createLiveNames(context));
    } catch {
      return [];
    }
  }
  return {
    nodes: () => names((live) => live.nodes()),
    services: () => names((live) => live.services()),
    components: (service) => names((live) => live.components(service)),
    images: (service) => names((live) => live.images(service)),
  };
}

export function define(command: Command, invocation: Invocation): void {
  command.argument("[words...]", "command line so far").action(async (words, _, self) => {
    const output = new Output(invocation, { output: "table", quiet: true, verbose: false });
    const candidates = await candidatesFor(self.parent ?? self, words, liveNames(self, invocation));
    output.print(
      ...candidates.map(({ word, meaning }) => (meaning === "" ? plain(word) : `${plain(word)}\t${meaning}`)),
    );
  });
}
