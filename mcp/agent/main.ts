import { Command, CommanderError, InvalidArgumentError } from "@commander-js/extra-typings";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { durationForm, parseDuration } from "@metacircular/mcp-core/duration.ts";
import packageJson from "./package.json" with { type: "json" };

const program = new Command("mcp-agent")
  .description("Runs the containers of one node, watches them, and serves the control plane's API.")
  .version(packageJson.version, "-V, --version")
  .exitOverride();

program
  .command("server")
  .description("run the agent until SIGINT or SIGTERM")
  .requiredOption("--config <file>", "configuration file")
  .addHelpText("after", "\nExample:\n  mcp-agent server --config /srv/mcp/mcp-agent.toml")
  .action(async ({ config }) => {
    const { serve } = await import("./commands/server.ts");
    await serve(config, packageJson.version);
  });

program
  .command("snapshot")
  .description("write a verified copy of the registry while the agent runs, and delete old ones")
  .requiredOption("--config <file>", "configuration file")
  .option(
    "--to <file>",
    "write it there, and delete nothing (default: named by the time, in [snapshot] directory)",
  )
  .option("--keep <number>", "how many of the newest to keep (default: [snapshot] keep)", parseCount)
  .option("--keep-for <duration>", "how long to keep them, e.g. 30d (default: [snapshot] keep_for)", parseAge)
  .option("--list", "write none; list those that there are, newest first, and whether each can be restored")
  .addHelpText(
    "after",
    `
Example:
  mcp-agent snapshot --config /srv/mcp/mcp-agent.toml
  mcp-agent snapshot --config /srv/mcp/mcp-agent.toml --list`,
  )
  .action(async ({ list, ...options }) => {
    if (list === true) (await import("./commands/list-snapshots.ts")).showSnapshots(options.config);
    else await failWith1(async () => (await import("./commands/snapshot.ts")).snapshot(options));
  });

program
  .command("restore")
  .description("put a snapshot into the registry's place, while no agent runs; the replaced registry is kept")
  .argument("[snapshot]", "file of the snapshot")
  .requiredOption("--config <file>", "configuration file")
  .option("--latest", "the newest snapshot that can be used")
  .option("-y, --yes", "do not ask")
  .addHelpText(
    "after",
    `
Example:
  systemctl stop mcp-agent
  mcp-agent restore --config /srv/mcp/mcp-agent.toml --latest
  systemctl start mcp-agent`,
  )
  .action(async (snapshot, { config, latest, yes = false }, command) => {
    if ((snapshot === undefined) === (latest !== true))
      command.error("error: name a snapshot, or say --latest");
    const { restore } = await import("./commands/restore.ts");
    await failWith1(() => restore({ config, snapshot, yes }));
  });

program
  .command("version")
  .description("print the version")
  .action(() => {
    process.stdout.write(`mcp-agent ${packageJson.version}\n`);
  });

function parseCount(text: string): number {
  if (!/^[1-9]\d{0,4}$/u.test(text)) throw new InvalidArgumentError("It must be a number from 1 on.");
  return Number(text);
}

function parseAge(text: string): number {
  const durationMs = parseDuration(text);
  if (durationMs === undefined) throw new InvalidArgumentError(`It must be ${durationForm}.`);
  return durationMs;
}

/** The call and the configuration were right, and yet it did not work. */
async function failWith1(body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    if (!(error instanceof DetailedError) || error.code.startsWith("CONFIG_")) throw error;
    process.stderr.write(`mcp-agent: ${error.message}\n`);
    process.exitCode = 1;
  }
}

try {
  await program.parseAsync();
} catch (error) {
  // 2 says of every program here that it was called or configured wrongly.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else if (error instanceof DetailedError) {
    process.stderr.write(`mcp-agent: ${error.message}\n`);
    process.exitCode = 2;
  } else throw error;
}
