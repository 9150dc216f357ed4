import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { eventually } from "./eventually.ts";

/** Starts Debian's HAProxy with a configuration written by hand, and waits until it listens. Disposing it ends it.
 * @param port one that the configuration binds at 127.0.0.1 */
export async function startHaproxy(
  directory: string,
  port: number,
  configuration: readonly string[],
): Promise<AsyncDisposable> {
  const file = join(directory, `haproxy-${port}.cfg`);
  await writeFile(file, `${configuration.join("\n")}\n`);
  const child = spawn("haproxy", ["-db", "-q", "-f", file], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-10_000)));
  const exited = once(child, "exit");
  const haproxy = {
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
    },
  };
  try {
    await eventually(async () => {
      if (child.exitCode !== null) throw new Error(`HAProxy ended: ${said}`);
      const socket = connect({ host: "127.0.0.1", port });
      try {
        await once(socket, "connect");
      } finally {
        socket.destroy();
      }
    });
    return haproxy;
  } catch (error) {
    await haproxy[Symbol.asyncDispose]();
    throw error;
  }
}
