import { checkout } from "@metacircular/testkit/program.ts";
import type { Benchmark } from "./benchmark.ts";
import { timeCommand } from "./commands.ts";
import { interleave } from "./measure.ts";
import { comparedRow } from "./result.ts";

const goal = 2.5;
const rounds = 31;

/** How long a person waits for `mcp --help`, compared with a Node.js that does nothing. */
export const help: Benchmark = {
  name: "help",
  summary: "`mcp --help` from the checkout against Node.js that does nothing",
  async run() {
    const environment = {
      PATH: process.env["PATH"] ?? "",
      NODE_COMPILE_CACHE: `${checkout}.cache/compiled`,
    };
    const samples = await interleave(
      {
        ours: () => timeCommand([`${checkout}bin/mcp`, "--help"], environment),
        peer: () => timeCommand([process.execPath, "--eval", "0"], environment),
      },
      { rounds, warmUps: 2 },
    );
    return [comparedRow("mcp --help / node", samples, goal)];
  },
};
