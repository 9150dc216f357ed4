import { Command, CommanderError } from "@commander-js/extra-typings";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
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
  .description("write a verified copy of the registry while the agent runs")
  .requiredOption("--config <file>", "configuration file")
  .option("--to <file>", "where to write it (default: backups/ beside the registry, named by the time)")
  .addHelpText("after", "\nExample:\n  mcp-agent snapshot --config /srv/mcp/mcp-agent.toml")
  .action(async ({ config, to }) => {
    const { snapshot } = await import("./commands/snapshot.ts");
    await snapshot(config, to);
  });

program
  .command("version")
  .description("print the version")
  .action(() => {
    process.stdout.write(`mcp-agent ${packageJson.version}\n`);
  });

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
