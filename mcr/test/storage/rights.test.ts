import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";

const program = fileURLToPath(new URL("pushing-process.ts", import.meta.url));

/** Root may open every file, whatever its mode; without capabilities it is an account like others (capabilities(7)). */
const withoutCapabilities =
  process.getuid?.() === 0 ? (["setpriv", "--bounding-set=-all", "--"] as const) : [];

test("uploads become blobs for an account that has no special rights", { timeout: 60_000 }, async () => {
  await using directory = await createTemporaryDirectory();
  const [command, ...argv] = [...withoutCapabilities, process.execPath, program, directory.path] as const;
  const pusher = spawn(command, argv, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  pusher.stderr.on("data", (chunk) => (said += String(chunk)));
  const ended = once(pusher, "close");
  let isStored = false;
  for await (const line of createInterface({ input: pusher.stdout })) {
    isStored = line.startsWith("stored sha256:");
    if (isStored) break;
  }
  pusher.kill("SIGKILL");
  await ended;
  assert.ok(isStored, said);
});
