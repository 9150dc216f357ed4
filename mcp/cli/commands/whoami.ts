import type { Command } from "@commander-js/extra-typings";

import { openContext } from "../context.ts";
import type { Invocation } from "../invocation.ts";
import { plain } from "../output/table.ts";
import { formatLocalTime } from "../output/time.ts";
import { connectIdentity } from "../session/identity.ts";
import { createTokenSource } from "../session/token-source.ts";

export const json = {
  name: "account",
  kind: "human or system",
  roles: "roles of the account",
  expires: "when the token ends (ISO 8601)",
} as const;

export function define(command: Command, invocation: Invocation): void {
  command.action(async (_, self) => {
    await using context = await openContext(self, invocation);
    const { config, output } = context;
    const token = await createTokenSource(config, invocation, output)();
    const { identity } = connectIdentity(config, invocation);
    using client = identity;
    const { name, kind, roles, expiresAtMs } = await client.whoAmI(token, invocation.signal);
    if (output.format === "json") {
      return output.json({ name, kind, roles, expires: new Date(expiresAtMs).toISOString() });
    }
    const held = roles.length === 0 ? "no roles" : roles.map(plain).join(", ");
    output.print(`${plain(name)} (${kind} account, ${held}), until ${formatLocalTime(expiresAtMs)}`);
  });
}
