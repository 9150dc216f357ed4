import { randomBytes } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { createTestNode } from "@metacircular/testkit/node.ts";
import { checkout } from "@metacircular/testkit/program.ts";
import type { Benchmark } from "./benchmark.ts";
import { timeCommand } from "./commands.ts";
import { interleave } from "./measure.ts";
import { operatorEnvironment } from "./operator-environment.ts";
import { comparedRow } from "./result.ts";

const sizeMib = 128;
const rounds = 3;
const goal = 4;

/** How long a person waits for a large file to be on the node, or here: encrypted, summed up at both ends and on the
 * disk, compared with copying it on one machine with all that but the encryption. */
export const files: Benchmark = {
  name: "files",
  summary: `\`mcp push\` and \`pull\` of ${sizeMib} MiB against \`cp\`, \`sync\` and two \`sha256sum\``,
  async run() {
    await using node = await createTestNode();
    const environment = await operatorEnvironment(node);
    const file = join(node.directory, "file");
    const copy = join(node.directory, "copy");
    await writeRandom(file);
    const mcp = `${checkout}bin/mcp`;
    const peer = () =>
      timeCommand(["sh", "-c", 'cp "$0" "$1" && sync "$1" && sha256sum "$0" "$1"', file, copy], environment);
    const push = () => timeCommand([mcp, "push", file, "bench", "--create"], environment);
    const pull = () =>
      timeCommand([mcp, "pull", "--node", node.agent.node, "bench", "file", `${file}.pulled`], environment);
    const pushed = await interleave({ ours: push, peer }, { rounds });
    const pulled = await interleave({ ours: pull, peer }, { rounds });
    return [
      comparedRow(`mcp push / cp and sha256sum, ${sizeMib} MiB`, pushed, goal),
      comparedRow(`mcp pull / cp and sha256sum, ${sizeMib} MiB`, pulled, goal),
    ];
  },
};

/** Content that cannot be compressed. */
async function writeRandom(path: string): Promise<void> {
  await using handle = await open(path, "w");
  for (let mib = 0; mib < sizeMib; mib += 1) await handle.appendFile(randomBytes(1024 * 1024));
}
