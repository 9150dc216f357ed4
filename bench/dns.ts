import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { freePort } from "@metacircular/testkit/free-port.ts";
import { startProgram } from "@metacircular/testkit/program.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import type { Benchmark } from "./benchmark.ts";
import { startBind, startKnot } from "./dns/peers.ts";
import { benchQuestions } from "./dns/zone.ts";
import { interleave, median } from "./measure.ts";
import { comparedRow } from "./result.ts";

const rounds = 5;
const secondsEach = 2;
/** In the row: how long so many queries take. */
const queriesCounted = 100_000;
/** Node.js makes a system call for each packet, where the peers take and send several by one. */
const goal = 1.5;
const run = promisify(execFile);

/** How fast queries by UDP are answered, each server with one worker and dnsperf on the other core. */
export const dns: Benchmark = {
  name: "dns",
  summary: "queries by UDP from dnsperf, 10,000 names, one worker each: MCNS against Knot and BIND",
  async run(say) {
    await using resources = new AsyncDisposableStack();
    const { path } = resources.use(await createTemporaryDirectory());
    const questions = join(path, "questions");
    writeFileSync(questions, benchQuestions());
    const ports = { ours: await freePort(), knot: await freePort(), bind: await freePort() };
    for (const name of Object.keys(ports)) mkdirSync(join(path, name));
    const entry = fileURLToPath(new URL("./dns/our-server.ts", import.meta.url));
    const args = ["--port", String(ports.ours), "--directory", join(path, "ours")];
    resources.use(startProgram(entry, args, { PATH: process.env["PATH"] ?? "" }));
    resources.use(startKnot(join(path, "knot"), ports.knot));
    resources.use(startBind(join(path, "bind"), ports.bind));
    for (const port of Object.values(ports))
      await eventually(() => load(port, questions, ["-n", "1"]), 30_000);

    const side = (port: number) => async () =>
      (queriesCounted / (await load(port, questions, ["-l", String(secondsEach)]))) * 1_000;
    const samples = await interleave(
      { ours: side(ports.ours), knot: side(ports.knot), bind: side(ports.bind) },
      { rounds },
    );
    for (const [name, times] of Object.entries(samples)) {
      say(`${name.padEnd(4)} ${Math.round((queriesCounted / median(times)) * 1_000)} queries/s`);
    }
    const { ours, knot, bind } = samples;
    return [
      comparedRow("100,000 DNS queries / Knot", { ours, peer: knot }, goal),
      comparedRow("100,000 DNS queries / BIND", { ours, peer: bind }, goal),
    ];
  },
};

/** Queries per second that a server answers.
 * @throws Error when it does not answer nearly all of them */
async function load(port: number, questions: string, extent: readonly string[]): Promise<number> {
  const args = ["-s", "127.0.0.1", "-p", String(port), "-d", questions, "-c", "10", "-q", "200", "-t", "1"];
  const { stdout } = await run("dnsperf", [...args, ...extent]);
  const rate = Number(/Queries per second:\s+([\d.]+)/.exec(stdout)?.[1]);
  const completed = Number(/Queries completed:\s+\d+ \(([\d.]+)%\)/.exec(stdout)?.[1]);
  if (!(rate > 0) || completed < 99) throw new Error(`dnsperf got too few answers:\n${stdout}`);
  return rate;
}
