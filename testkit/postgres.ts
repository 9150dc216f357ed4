import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, chmod, chown, copyFile, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Debian's PostgreSQL in a process of its own, with its data in a temporary directory. Disposing it ends it and removes
 * all. */
export interface TestPostgres extends AsyncDisposable {
  /** URL of a database that is there, over the server's Unix socket. Without a password. */
  url(database?: string): string;
  /** With `tls`: URL over TCP and TLS, which needs `password`. */
  tlsUrl(database?: string): string;
  readonly password: string;
  /** Makes an empty database. @returns its URL */
  createDatabase(name: string): Promise<string>;
  /** Runs statements as the server's administrator. */
  execute(database: string, statements: string): Promise<string>;
  /** Ends it and all of its processes as a crash of the machine would, but for what it gave to the kernel. */
  kill(): Promise<void>;
  /** Ends it as an operator would: connections are cut. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Makes an empty database whose tables lie in a directory, on a disk of its own, say. @returns its URL */
  createDatabaseIn(directory: string, name: string): Promise<string>;
}

export interface TestPostgresOptions {
  /** Listens on this port of the loopback too, with this certificate. */
  readonly tls?: { readonly port: number; readonly certFile: string; readonly keyFile: string };
}

const user = "metacircular";
const password = "a password of tests";
const defaultPort = 5432;
const startTriesAtMost = 40;

/** Sorts by language, not by bytes, as many a server does that operators have. */
export async function startTestPostgres(options: TestPostgresOptions = {}): Promise<TestPostgres> {
  const binaries = await binaryDirectory();
  const account = await serverAccount();
  const directory = await mkdtemp(join(tmpdir(), "mcp-postgres-"));
  const data = join(directory, "data");
  const port = options.tls?.port ?? defaultPort;
  if (account !== undefined) await chown(directory, account.uid, account.gid);
  const as = (command: string, args: readonly string[]): [string, string[]] =>
    asAccount(account, join(binaries, command), args);
  await run(...as("initdb", ["--pgdata", data, "--username", user, "--auth", "trust", ...initOptions]));
  if (options.tls !== undefined) await turnTlsOn(data, options.tls, account);

  let server: ChildProcess | undefined;
  async function start(): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      const log: string[] = [];
      const child = spawn(...as("postgres", ["-D", data, "-k", directory, ...serverOptions(options)]), {
        stdio: ["ignore", "ignore", "pipe"],
        detached: true,
        env: { PATH: process.env["PATH"], LC_ALL: "C" },
      });
      server = child;
      if (await isReady(child, log)) break;
      // After a crash the children of the old one may still be about to notice.
      if (tries >= startTriesAtMost) throw new Error(`PostgreSQL did not start:\n${log.join("\n")}`);
    }
    await setPassword();
  }
  async function end(signal: NodeJS.Signals): Promise<void> {
    const child = server;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    if (signal === "SIGKILL") process.kill(-child.pid, signal);
    else child.kill(signal);
    await exited;
  }
  async function execute(database: string, statements: string): Promise<string> {
    const { stdout } = await run(join(binaries, "psql"), [
      ...[
        "--host",
        directory,
        "--port",
        String(port),
        "--username",
        user,
        "--dbname",
        database,
        "--no-psqlrc",
        "--quiet",
      ],
      ...["--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1", "--command", statements],
    ]);
    return stdout.trim();
  }
  async function setPassword(): Promise<void> {
    if (options.tls !== undefined) await execute("postgres", `ALTER ROLE ${user} PASSWORD '${password}'`);
  }
  const url = (database = "postgres"): string =>
    `postgresql://${user}@localhost:${port}/${database}?host=${encodeURIComponent(directory)}`;

  try {
    await start();
  } catch (error) {
    await end("SIGKILL");
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
  return {
    url,
    tlsUrl: (database = "postgres") => `postgresql://${user}@localhost:${options.tls?.port}/${database}`,
    password,
    async createDatabase(name) {
      // By the log, which is the default, takes three times as long where nothing is synced.
      await execute("postgres", `CREATE DATABASE "${name}" STRATEGY FILE_COPY`);
      return url(name);
    },
    execute,
    kill: () => end("SIGKILL"),
    stop: () => end("SIGINT"),
    start,
    async createDatabaseIn(location, name) {
      await chmod(dirname(location), 0o711);
      if (account !== undefined) await chown(location, account.uid, account.gid);
      await execute("postgres", `CREATE TABLESPACE "${name}" LOCATION '${location}'`);
      await execute("postgres", `CREATE DATABASE "${name}" TABLESPACE "${name}"`);
      return url(name);
    },
    async [Symbol.asyncDispose]() {
      await end("SIGINT");
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const initOptions = [
  "--encoding=UTF8",
  "--locale=C.UTF-8",
  "--locale-provider=icu",
  "--icu-locale=en-US",
  "--no-sync",
] as const;

function serverOptions({ tls }: TestPostgresOptions): string[] {
  // What the kernel has survives the death of a process.
  const options = ["fsync=off", "shared_buffers=16MB", "max_connections=50"];
  if (tls === undefined) options.push("listen_addresses=");
  else options.push("listen_addresses=127.0.0.1", `port=${tls.port}`, "ssl=on");
  return options.flatMap((option) => ["-c", option]);
}

async function turnTlsOn(
  data: string,
  tls: { readonly certFile: string; readonly keyFile: string },
  account: Account | undefined,
): Promise<void> {
  for (const [from, name] of [
    [tls.certFile, "server.crt"],
    [tls.keyFile, "server.key"],
  ] as const) {
    const to = join(data, name);
    await copyFile(from, to);
    await run("chmod", ["600", to]);
    if (account !== undefined) await chown(to, account.uid, account.gid);
  }
  // The first line that fits counts; initdb's own lets everybody in.
  await run("sed", ["--in-place", "/^host/d", join(data, "pg_hba.conf")]);
  await appendFile(join(data, "pg_hba.conf"), "hostssl all all 127.0.0.1/32 scram-sha-256\n");
}

async function isReady(child: ChildProcess, log: string[]): Promise<boolean> {
  const { stderr } = child;
  if (stderr === null) return false;
  const ready = Promise.withResolvers<boolean>();
  createInterface({ input: stderr }).on("line", (line) => {
    log.push(line);
    if (log.length > 200) log.shift();
    if (line.includes("ready to accept connections")) ready.resolve(true);
  });
  child.once("exit", () => ready.resolve(false));
  child.once("error", () => ready.resolve(false));
  return ready.promise;
}

interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL does not run as root. */
async function serverAccount(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const id = async (option: string): Promise<number> => {
    const { stdout } = await run("id", [option, "postgres"]);
    return Number(stdout);
  };
  return { uid: await id("-u"), gid: await id("-g") };
}

function asAccount(
  account: Account | undefined,
  command: string,
  args: readonly string[],
): [string, string[]] {
  if (account === undefined) return [command, [...args]];
  const become = [`--reuid=${account.uid}`, `--regid=${account.gid}`, "--clear-groups"];
  return ["setpriv", [...become, "--", command, ...args]];
}

/** Of the newest version that is installed. */
async function binaryDirectory(): Promise<string> {
  const root = "/usr/lib/postgresql";
  const versions = (await readdir(root).catch(() => [])).map(Number).filter((version) => version > 0);
  const newest = versions.toSorted((a, b) => b - a)[0];
  if (newest === undefined) throw new Error("PostgreSQL is not installed; run scripts/setup test");
  return join(root, String(newest), "bin");
}
