import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { runProgram } from "@metacircular/mcdsl/commands/run-program.ts";
import { createTerminal } from "@metacircular/mcdsl/commands/terminal.ts";
import { createTestCertificates, type TestCertificates } from "@metacircular/testkit/certificates.ts";
import { freePort } from "@metacircular/testkit/free-port.ts";
import { createTestIdentity, type TestIdentity } from "@metacircular/testkit/identity.ts";
import { type Program, startProgram } from "@metacircular/testkit/program.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { createProgram } from "../commands/program.ts";

export const PASSPHRASE = "correct horse battery staple";

/** Tokens of a real identity service. */
export interface Tokens {
  readonly guest: string;
  readonly user: string;
  readonly system: string;
  readonly admin: string;
}

export interface CommandResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A real Metacrypt in a process of its own, with a real identity service beside it. */
export interface RunningMetacrypt extends AsyncDisposable {
  readonly directory: string;
  readonly rest: string;
  readonly grpc: string;
  readonly http: string;
  readonly metrics: string;
  readonly keyFile: string;
  readonly databaseFile: string;
  readonly certificates: TestCertificates;
  readonly identity: TestIdentity;
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
  init: { args: readonly string[]; input?: string } | undefined,
  options: { databaseDirectory?: string; lines?: string } = {},
): Promise<RunningMetacrypt> {
  await using cleanup = new AsyncDisposableStack();
  const { path: directory } = cleanup.use(await createTemporaryDirectory());
  const certificates = await createTestCertificates(join(directory, "certs"));
  const identity = cleanup.use(await createTestIdentity(join(directory, "mcias"), certificates));
  const tokens = await issueTokens(identity);
  await mkdir(join(directory, "state"));
  const databaseFile = join(options.databaseDirectory ?? join(directory, "state"), "metacrypt.db");
  const keyFile = join(directory, "unattended.key");
  const tokenFile = join(directory, "token");
  await writeFile(tokenFile, await identity.systemToken("metacrypt"), { mode: 0o600 });
  const [restPort, grpcPort, httpPort, metricsPort] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const config = join(directory, "metacrypt.toml");
  await writeFile(
    config,
    `[server]
listen_addr = "127.0.0.1:${restPort}"
grpc_addr = "127.0.0.1:${grpcPort}"
http_addr = "127.0.0.1:${httpPort}"
tls_cert = ${JSON.stringify(certificates.certFile)}
tls_key = ${JSON.stringify(certificates.keyFile)}
external_url = "https://localhost:${restPort}"
[database]
path = ${JSON.stringify(databaseFile)}
[mcias]
server_url = ${JSON.stringify(identity.issuer)}
ca_cert = ${JSON.stringify(certificates.caFile)}
token_path = ${JSON.stringify(tokenFile)}
[seal]
unattended_key_file = ${JSON.stringify(keyFile)}
[metrics]
listen = "127.0.0.1:${metricsPort}"
${options.lines ?? ""}`,
  );
  const grpc = `localhost:${grpcPort}`;
  const run: RunningMetacrypt["run"] = (args, input = "", environment = {}) =>
    runCommand(args, input, {
      METACRYPT_CONFIG: config,
      METACRYPT_SERVER: grpc,
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
    program = startProgram("metacrypt/main.ts", ["server", "--config", config], {
      PATH: process.env["PATH"],
    });
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
    directory,
    rest: `https://localhost:${restPort}`,
    grpc,
    http: `http://127.0.0.1:${httpPort}`,
    metrics: `http://127.0.0.1:${metricsPort}/metrics`,
    keyFile,
    databaseFile,
    certificates,
    identity,
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

async function issueTokens(identity: TestIdentity): Promise<Tokens> {
  const people = {
    guest: await loginOf(identity, "gina", "guest"),
    user: await loginOf(identity, "uma", "user"),
    admin: await loginOf(identity, "ada", "admin"),
  };
  return { ...people, system: await identity.systemToken("sys") };
}

async function loginOf(identity: TestIdentity, name: string, role: string): Promise<string> {
  await identity.admin(["account", "add", name, "--role", role, "--password-stdin"], `${PASSPHRASE}\n`);
  const { createIdentityClient } = await import("@metacircular/mcias/client.ts");
  using client = createIdentityClient({ issuer: identity.issuer, caFile: identity.caFile });
  const { accessToken } = await client.login({
    username: name,
    password: PASSPHRASE,
    serviceName: "metacrypt",
  });
  return accessToken;
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
