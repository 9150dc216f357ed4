import type { Command } from "@commander-js/extra-typings";
import type { IdentityClient, Tokens } from "@metacircular/mcias/client.ts";

import { type Context, openContext } from "../context.ts";
import type { Invocation } from "../invocation.ts";
import { plain } from "../output/table.ts";
import { formatLocalTime } from "../output/time.ts";
import { connectIdentity, toStored } from "../session/identity.ts";
import { askLine, askPassword, readPassword } from "../session/prompt.ts";
import { writeTokenFile } from "../session/token-file.ts";

export const json = { name: "account", expires: "when the token ends (ISO 8601)" } as const;

export function define(command: Command, invocation: Invocation): void {
  command
    .option("-u, --username <name>", "account to log in as")
    .option("--password-stdin", "read the password from standard input")
    .option("--device", "log in with a browser, on this or another machine")
    .addHelpText("after", examples)
    .action(async (options, self) => {
      await using context = await openContext(self, invocation);
      const { config, output } = context;
      const { issuer, identity } = connectIdentity(config, invocation);
      using client = identity;
      const tokens =
        options.device === true
          ? await byDevice(context, client)
          : await byPassword(context, client, options);
      const { name } = await client.whoAmI(tokens.accessToken, invocation.signal);
      await writeTokenFile(config.tokenFile, toStored(tokens, issuer, name));
      if (output.format === "json")
        output.json({ name, expires: new Date(tokens.expiresAtMs).toISOString() });
      else output.say(`logged in as ${plain(name)} until ${formatLocalTime(tokens.expiresAtMs)}`);
    });
}

async function byPassword(
  { config, invocation }: Context,
  client: IdentityClient,
  options: { username?: string; passwordStdin?: true },
): Promise<Tokens> {
  const username =
    options.username ?? (await askLine(invocation, "Username: ", "give the account with --username"));
  const password =
    options.passwordStdin === true ? await readPassword(invocation) : await askPassword(invocation);
  const { serviceName } = config.identity;
  return client.login({ username, password, serviceName, signal: invocation.signal });
}

async function byDevice({ output, invocation }: Context, client: IdentityClient): Promise<Tokens> {
  const login = await client.startDeviceLogin(invocation.signal);
  output.complain(
    `Open ${plain(login.verificationUri)} and enter the code ${plain(login.userCode)}`,
    `or open ${plain(login.verificationUriComplete)}`,
  );
  return client.pollDeviceLogin(login, invocation.signal);
}

const examples = `
Without this command, a token can be given in MCP_TOKEN, and [auth] in the configuration can name a
system account with a password file.

Examples:
  mcp login
  mcp login --device
  mcp login --username kyle --password-stdin < password
`;
