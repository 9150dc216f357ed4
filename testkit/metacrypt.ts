import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { runProgram } from "@metacircular/mcdsl/commands/run-program.ts";
import { createTerminal } from "@metacircular/mcdsl/commands/terminal.ts";
import { type Program, startProgram } from "./program.ts";
import { createTemporaryDirectory } from "./temporary-directory.ts";
import { createProgram } from "@metacircular/metacrypt/commands/program.ts";
import type { Configured, Tokens, World } from "./metacrypt-world.ts";

export interface CommandResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A real Metacrypt in a process of its own. */
export interface RunningMetacrypt extends AsyncDisposable, Configured {
  readonly directory: string;
  readonly databaseFile: string;
  readonly tokens: Tokens;
  /** What the server has logged since it was started. */
  log(): readonly string[];
  /** Runs a command; remote ones as administrator. */
  run(args: readonly string[], input?: string, environment?: Record<string, string>): Promise<CommandResult>;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Ends the server as a crash would. */
  kill(): Promise<void>;
}

/** @param init arguments of `metacrypt init`; undefined: it is not initialised */
export async function runMetacrypt(
  world: World,
  init: { args: readonly string[]; input?: string } | undefined,
  options: { databaseDirectory?: string } = {},
): Promise<RunningMetacrypt> {
  await using cleanup = new AsyncDisposableStack();
  const { path: directory } = cleanup.use(await createTemporaryDirectory(world.directory));
  const { certificates, tokens } = world;
  const databaseFile = join(options.databaseDirectory ?? directory, "metacrypt.db");
  const configured = await world.configure({ directory, databaseFile });
  const run: RunningMetacrypt["run"] = (args, input = "", environment = {}) =>
    runCommand(args, input, {
      METACRYPT_CONFIG: configured.file,
      METACRYPT_SERVER: configured.grpc,
      METACRYPT_CA: certificates.caFile,
      METACRYPT_TOKEN: tokens.admin,
      ...environment,
    });
  let program: Program | undefined;
  const stop = async (): Promise<void> => {
    await program?.[Symbol.asyncDispose]();
    program = undefined;
  };
  const start = async (): Promise<void> => {
    const args = ["server", "--config", configured.file];
    program = startProgram("metacrypt/main.ts", args, { PATH: process.env["PATH"] });
    await program.line((line) => line.includes('"serving"'));
  };
  if (init !== undefined) {
    const { code, err } = await run(["init", ...init.args], init.input);
    if (code !== 0) throw new Error(`init: ${err}`);
  }
  cleanup.defer(stop);
  await start();
  const owned = cleanup.move();
  return {
    ...configured,
    directory,
    databaseFile,
    tokens,
    log: () => program?.log ?? [],
    run,
    start,
    stop,
    async kill() {
      await program?.kill();
      program = undefined;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** In this process, as `main.ts` does: starting one takes longer than most commands. */
async function runCommand(
  args: readonly string[],
  input: string,
  environment: Record<string, string>,
): Promise<CommandResult> {
  const out: string[] = [];
  const err: string[] = [];
  const terminal = createTerminal({ stdin: Readable.from([input]), stdout: sink(out), stderr: sink(err) });
  const program = createProgram({ terminal, environment, clock: systemClock, version: "0.0.0" });
  const code = await runProgram(program, withOptions(args, environment), terminal);
  return { code, out: out.join(""), err: err.join("") };
}

/** The library reads variables from the environment of this process only. */
function withOptions(args: readonly string[], environment: Record<string, string>): string[] {
  const [command = ""] = args;
  if (command === "init" || command === "snapshot") {
    return [...args, "--config", environment["METACRYPT_CONFIG"] ?? ""];
  }
  return [
    ...args,
    "--server",
    environment["METACRYPT_SERVER"] ?? "",
    "--ca",
    environment["METACRYPT_CA"] ?? "",
  ];
}

function sink(lines: string[]): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
}
