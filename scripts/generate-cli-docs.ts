import { PassThrough, Writable } from "node:stream";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import type { Invocation } from "@metacircular/mcp-cli/invocation.ts";
import { defineCommand } from "@metacircular/mcp-cli/lazy-command.ts";
import { exitCodes } from "@metacircular/mcp-cli/output/exit-code.ts";
import { createProgram } from "@metacircular/mcp-cli/program.ts";
import { writeOrCheck } from "./generated-file.ts";

/** Writes docs/cli.md from the command tree; with --check fails where the file is not current.
 *
 *   node scripts/generate-cli-docs.ts [--check] */

const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
const invocation: Invocation = {
  stdin: new PassThrough(),
  stdout: Object.assign(nowhere, { columns: 100 }),
  stderr: nowhere,
  environment: {},
  clock: systemClock,
  signal: new AbortController().signal,
  holdInterrupts: () => ({ [Symbol.dispose]: () => {} }),
  exitCode: 0,
};

const meanings: Record<keyof typeof exitCodes, string> = {
  done: "done",
  failed: "failed",
  usage: "wrong usage, or an invalid definition or configuration",
  refused: "not logged in, or not allowed",
  unreachable: "a node, or the identity service, cannot be reached",
  partlyFailed: "partly failed: some of it was done, or some nodes did not answer",
  restored: "failed, and the previous version runs again",
  wouldChange: "`plan --exit-code`: something would change",
};

type AnyCommand = ReturnType<typeof createProgram>;

const configuration = `## Configuration

The file is \`mcp.toml\` in \`$XDG_CONFIG_HOME/mcp\` (by default \`~/.config/mcp\`); \`MCP_CONFIG\` and, before it,
\`--config\` name another. Relative paths start at the file's directory. Unknown keys are errors. A variable of the
environment named after section and key, such as \`MCP_MCIAS_SERVER_URL\` or \`MCP_SERVICES_DIR\`, goes before the file.

\`\`\`toml
[services]
dir = "services"                  # definition files; default: services beside this file

[mcias]
server_url = "https://mcias.example.net:8443"
ca_cert = "ca.pem"                # authorities to trust for it; default: the well-known ones
service_name = "mcp"              # what logins are for; default: mcp

[auth]
token_path = "token"              # default: token beside this file; only its owner may read it
username = "mcp-operator"         # a system account for unattended use, in place of \`mcp login\`
password_file = "credentials"     # its secret; only its owner may read it

[tls]
ca_cert = "ca.pem"                # authorities to trust for agents; default: those of [mcias]

[[nodes]]                         # \`mcp node add\` and \`mcp node remove\` edit these
name = "rift"
address = "10.0.0.5:9444"
server_name = "rift.example.net"  # name in the agent's certificate; default: the host of the address
\`\`\`

The token comes from \`MCP_TOKEN\`, else from the stored login, which is renewed when it is about to end, else from the
system account in \`[auth]\`.
`.split("\n");

/** Help of one command and, below it, of those that belong to it. */
async function describe(command: AnyCommand, path: readonly string[]): Promise<string[]> {
  const module = await defineCommand(command);
  const children = command.createHelp().visibleCommands(command);
  const sections = await Promise.all(children.map((child) => describe(child, [...path, child.name()])));
  if (children.length > 0) return sections.flat();
  const json = Object.entries(module?.json ?? {}).map(([key, meaning]) => `| \`${key}\` | ${meaning} |`);
  return [
    `## ${path.join(" ")}`,
    "",
    "```text",
    ownHelp(command),
    "```",
    "",
    ...(json.length === 0 ? [] : ["With `-o json`:", "", "| key | meaning |", "|---|---|", ...json, ""]),
  ];
}

/** The help without the options that every command has. */
function ownHelp(command: AnyCommand): string {
  const parts: string[] = [];
  command.configureOutput({ writeOut: (text) => void parts.push(text) });
  command.configureHelp({ ...command.configureHelp(), showGlobalOptions: false, helpWidth: 100 });
  command.outputHelp();
  return parts.join("").trimEnd();
}

async function page(): Promise<string> {
  const program = createProgram(invocation);
  const sections = await describe(program, ["mcp"]);
  const codes = Object.entries(meanings).map(
    ([name, meaning]) => `| ${exitCodes[name as keyof typeof exitCodes]} | ${meaning} |`,
  );
  return [
    "# The command line",
    "",
    "Generated from the commands by `node scripts/generate-cli-docs.ts`. `mcp help <command>` shows the same.",
    "",
    "Data goes to standard output, messages, progress and errors to standard error. `-o json` prints data as JSON with",
    'the keys listed here, and errors as `{"error": {...}}` on standard error; see [the error codes](errors.md).',
    "Times are local for people and ISO 8601 in UTC in JSON. Colours appear on terminals only, and not when `NO_COLOR` is set.",
    "",
    "## Exit codes",
    "",
    "| code | meaning |",
    "|---|---|",
    ...codes,
    "",
    "A command that Ctrl-C interrupts ends by the signal. An operation it has started continues on the node.",
    "",
    ...configuration,
    "## Options of every command",
    "",
    "```text",
    ownHelp(program),
    "```",
    "",
    ...sections,
  ].join("\n");
}

writeOrCheck("docs/cli.md", `${(await page()).trimEnd()}\n`);
