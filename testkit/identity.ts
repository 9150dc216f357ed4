import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestCertificates } from "./certificates.ts";
import { freePort } from "./free-port.ts";
import { checkout, type Program, startProgram } from "./program.ts";

/** A real MCIAS in a process of its own, with its data in a directory. */
export interface TestIdentity extends AsyncDisposable {
  readonly issuer: string;
  readonly caFile: string;
  /** Runs an admin command and returns what it printed. */
  admin(args: readonly string[], input?: string, environment?: NodeJS.ProcessEnv): Promise<string>;
  /** Adds a system account and returns a token of it. `lifetime` as in the configuration, e.g. `1s`. */
  systemToken(account: string, lifetime?: string): Promise<string>;
  /** Stops the server; `start` brings it back under the same address. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

export async function createTestIdentity(
  directory: string,
  certificates: TestCertificates,
): Promise<TestIdentity> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const issuer = `https://localhost:${await freePort()}`;
  const config = join(directory, "mcias.toml");
  await writeFile(config, configText(issuer, directory, certificates));
  let program: Program | undefined;
  async function start(): Promise<void> {
    program = startProgram("mcias/main.ts", ["server", "--config", config], { PATH: process.env["PATH"] });
    await program.line((line) => line.includes('"serving"'));
  }
  async function stop(): Promise<void> {
    await program?.[Symbol.asyncDispose]();
    program = undefined;
  }
  const admin: TestIdentity["admin"] = (args, input = "", environment = {}) =>
    run([...args, "--config", config], input, environment);
  await start();
  return {
    issuer,
    caFile: certificates.caFile,
    admin,
    async systemToken(account, lifetime) {
      await admin(["account", "add", account, "--system"]);
      const environment = lifetime === undefined ? {} : { MCIAS_TOKENS_SYSTEM_LIFETIME: lifetime };
      return (await admin(["token", "issue", "--system", account], "", environment)).trim();
    },
    start,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function configText(issuer: string, directory: string, { certFile, keyFile }: TestCertificates): string {
  const port = new URL(issuer).port;
  return `[server]
listen_addr = "127.0.0.1:${port}"
issuer = ${JSON.stringify(issuer)}
tls_cert = ${JSON.stringify(certFile)}
tls_key = ${JSON.stringify(keyFile)}
[database]
path = ${JSON.stringify(join(directory, "mcias.db"))}
`;
}

function run(args: readonly string[], input: string, environment: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      [`${checkout}mcias/main.ts`, ...args],
      {
        env: { NODE_COMPILE_CACHE: `${checkout}.cache/compiled`, PATH: process.env["PATH"], ...environment },
      },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`mcias ${args.join(" ")}: ${stderr}`, { cause: error }));
      },
    );
    child.stdin?.end(input);
  });
}
