import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { type CapturedLog, captureLog } from "@metacircular/mcdsl/test/captured-log.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { createFiles, type Files, type FilesOptions, type PushRequest } from "../files/files.ts";
import { pullWhole, pushWhole } from "../files/whole-file.ts";
import { openRegistry, type Registry } from "../registry/registry.ts";

/** Services' directories with traps in them, and beside them what nobody may reach. */
export interface FilesFixture extends AsyncDisposable {
  readonly directory: string;
  readonly servicesDir: string;
  readonly outside: string;
  readonly files: Files;
  readonly registry: Registry;
  readonly log: CapturedLog;
  push(service: string, path: string, text: string, options?: Partial<PushRequest>): Promise<void>;
  pull(service: string, path: string): Promise<string>;
}

/** Content that must never come out. */
export const canary = "outside of every service\n";

/** A file system in memory: nothing here waits for a disk. */
const memory = "/dev/shm";

export async function createFilesFixture(options: Partial<FilesOptions> = {}): Promise<FilesFixture> {
  await using stack = new AsyncDisposableStack();
  const { path: directory } = stack.use(await createTemporaryDirectory(memory));
  const outside = join(directory, "outside");
  const servicesDir = join(directory, "srv");
  await mkdir(join(outside, "sub"), { recursive: true });
  await writeFile(join(outside, "secret.txt"), canary, { mode: 0o600 });
  await writeFile(join(outside, "sub/secret.txt"), canary);
  await mkdir(join(servicesDir, "web/config"), { recursive: true });
  await writeFile(join(servicesDir, "web/config/app.toml"), "old\n", { mode: 0o640 });
  const registry = stack.use(openRegistry(join(directory, "mcp.db"), systemClock));
  const log = captureLog();
  const files = stack.use(
    createFiles({
      servicesDir,
      ownFiles: [join(servicesDir, "mcp/mcp.db")],
      uploads: registry.uploads,
      clock: systemClock,
      logger: log.logger,
      ...options,
    }),
  );
  const owned = stack.move();
  return {
    directory,
    servicesDir,
    outside,
    files,
    registry,
    log,
    async push(service, path, text, request = {}) {
      const content = Buffer.from(text);
      const permissions = { mode: undefined, newMode: 0o644 };
      await pushWhole(
        files,
        { service, path, sizeBytes: content.length, ...permissions, ...request },
        content,
        "tester",
      );
    },
    async pull(service, path) {
      const { content } = await pullWhole(files, { service, path }, "tester");
      return Buffer.from(content).toString();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

export const mebibyte = 1024 * 1024;

export const request = (path: string, sizeBytes: number, more: Partial<PushRequest> = {}): PushRequest => ({
  service: "web",
  path,
  sizeBytes,
  mode: undefined,
  newMode: 0o644,
  ...more,
});

/** Names of all that a service has. */
export async function names({ servicesDir }: FilesFixture, service = "web"): Promise<string[]> {
  return (await readdir(join(servicesDir, service), { recursive: true })).toSorted();
}

export const sumOf = (content: string | Buffer): Buffer => createHash("sha256").update(content).digest();

const run = promisify(execFile);

/** Descriptors that this process holds open in a directory. */
export async function descriptorsIn(directory: string): Promise<string[]> {
  const { stdout } = await run("sh", [
    "-c",
    `ls -l /proc/${process.pid}/fd | grep -F ${directory}/srv || true`,
  ]);
  return stdout.split("\n").filter((line) => line !== "");
}
