import { Command, CommanderError, Option } from "@commander-js/extra-typings";
import packageJson from "./package.json" with { type: "json" };
import { exitCodeOf, exitCodes, formatError } from "./output/error.ts";

const program = new Command("metacircular")
  .description(
    "The whole platform on this machine: identity, certificates, proxy, names, agent, and an example.",
  )
  .version(packageJson.version, "-V, --version")
  .exitOverride();

function stateOption(): Option<"--state <dir>"> {
  return new Option(
    "--state <dir>",
    "state directory (default: /var/lib/metacircular for root, else below ~)",
  );
}

program
  .command("up")
  .description("start what does not run; safe to run at any time")
  .addOption(stateOption())
  .action(async (options) => (await import("./commands/up.ts")).up(options));

program
  .command("status")
  .description("say what runs, since when, and whether it works; exit code 1 when something is down")
  .addOption(stateOption())
  .addOption(new Option("-o, --output <format>").choices(["text", "json"] as const).default("text" as const))
  .action(async (options) => {
    process.exitCode = await (await import("./commands/status.ts")).status(options);
  });

program
  .command("env")
  .description("print what a shell has to evaluate so that the commands talk to this platform")
  .addOption(stateOption())
  .addHelpText("after", '\nExample:\n  eval "$(metacircular env)"')
  .action(async (options) => (await import("./commands/env.ts")).env(options));

program
  .command("down")
  .description("stop the programs and the containers; the data stays and `up` starts them again")
  .addOption(stateOption())
  .option("--purge", "remove the containers, the example's images and the state directory too")
  .option("-y, --yes", "do not ask")
  .action(async (options) => (await import("./commands/down.ts")).down(options));

program
  .command("supervise")
  .description("keep the programs running in the foreground; `up` does this in the background")
  .addOption(stateOption())
  .action(async (options) => (await import("./commands/supervise.ts")).supervise(options));

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  } else {
    process.stderr.write(`${formatError(error).join("\n")}\n`);
    process.exitCode = exitCodeOf(error);
  }
}
