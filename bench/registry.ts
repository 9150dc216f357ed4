import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startDockerRegistry } from "@metacircular/testkit/docker-registry.ts";
import { createOciLayout } from "@metacircular/testkit/oci-layout.ts";
import { startTestRegistry } from "@metacircular/testkit/registry-server.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import type { Benchmark } from "./benchmark.ts";
import { type Environment, timeCommand } from "./commands.ts";
import { interleave, type Side } from "./measure.ts";
import { parseSize } from "./process-usage.ts";
import { absoluteRow, comparedRow, type Row } from "./result.ts";

const goal = 1;
const memoryGoalMb = 200;

const images = [
  { name: "one layer of 200 MB", layers: 1, layerBytes: 200_000_000, rounds: 5 },
  { name: "50 layers of 100 kB", layers: 50, layerBytes: 100_000, rounds: 7 },
] as const;

/** Pushes and pulls with the same client, over TLS, at two registries of which each keeps its data on the same disk. */
export const registry: Benchmark = {
  name: "registry",
  summary: "push and pull by skopeo: MCR against Debian's docker-registry",
  async run(say) {
    await using site = await createSite();
    const rows: Row[] = [];
    for (const image of images) {
      say(image.name);
      rows.push(...(await pushAndPull(site, image)));
    }
    const ours = await peakMemoryMb(site.ours.pid);
    const peer = await peakMemoryMb(site.peer.pid);
    say(`peak memory: ours ${ours.toFixed(0)} MB, docker-registry ${peer.toFixed(0)} MB`);
    rows.push(absoluteRow("MCR, peak resident memory", { ours, unit: "MB" }, memoryGoalMb));
    return rows;
  },
};

interface Target {
  readonly address: string;
  readonly pid: number;
  /** What skopeo needs to be let in. */
  readonly access: readonly string[];
}

interface Site extends AsyncDisposable {
  readonly directory: string;
  readonly ours: Target;
  readonly peer: Target;
  /** Arguments by which skopeo trusts both. */
  readonly trust: string;
}

async function createSite(): Promise<Site> {
  await using stack = new AsyncDisposableStack();
  const { path: directory } = stack.use(await createTemporaryDirectory());
  const mcr = stack.use(await startTestRegistry());
  const docker = stack.use(
    await startDockerRegistry({ directory: join(directory, "docker"), certificates: mcr.certificates }),
  );
  const trust = join(directory, "trust");
  await mkdir(trust);
  await writeFile(join(trust, "ca.crt"), await readFile(mcr.caFile));
  const auth = join(directory, "auth.json");
  const { name, token } = mcr.admin;
  const entry = { auth: Buffer.from(`${name}:${token}`).toString("base64") };
  await writeFile(auth, JSON.stringify({ auths: { [mcr.address]: entry } }), { mode: 0o600 });
  const owned = stack.move();
  return {
    directory,
    ours: { address: mcr.address, pid: mcr.program.child.pid ?? 0, access: ["--authfile", auth] },
    peer: { address: docker.address, pid: docker.pid, access: [] },
    trust,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Each round has an image of its own, so that nothing is there already. Each is pushed to both sides, then pulled. */
async function pushAndPull(
  site: Site,
  image: { name: string; layers: number; layerBytes: number; rounds: number },
): Promise<Row[]> {
  const environment: Environment = {
    PATH: process.env["PATH"] ?? "",
    HOME: site.directory,
    TMPDIR: site.directory,
  };
  const layouts = new Map<number, string>();
  const layoutOf = async (round: number): Promise<string> => {
    const made = layouts.get(round);
    if (made !== undefined) return made;
    for (const old of layouts.values()) await rm(old, { recursive: true, force: true });
    layouts.clear();
    const directory = join(site.directory, `image-${image.layers}-${round}`);
    await createOciLayout(directory, image);
    layouts.set(round, directory);
    return directory;
  };
  const reference = ({ address }: Target, round: number): string =>
    `docker://${address}/bench/image-${image.layers}:v${round}`;
  const push =
    (target: Target): Side =>
    async (round) => {
      const source = `oci:${await layoutOf(round)}`;
      const options = ["--dest-cert-dir", site.trust, ...target.access];
      return timeCommand(
        ["skopeo", "copy", "--quiet", ...options, source, reference(target, round)],
        environment,
      );
    };
  const pull =
    (target: Target): Side =>
    async (round) => {
      const output = join(site.directory, "pulled");
      const options = ["--src-cert-dir", site.trust, ...target.access];
      const time = await timeCommand(
        ["skopeo", "copy", "--quiet", ...options, reference(target, round), `dir:${output}`],
        environment,
      );
      await rm(output, { recursive: true, force: true });
      return time;
    };
  const { ours, peer } = site;
  const options = { rounds: image.rounds };
  const pushed = await interleave({ ours: push(ours), peer: push(peer) }, options);
  const pulled = await interleave({ ours: pull(ours), peer: pull(peer) }, options);
  await Promise.all([...layouts.values()].map((path) => rm(path, { recursive: true, force: true })));
  return [
    comparedRow(`push ${image.name} / docker-registry`, pushed, goal),
    comparedRow(`pull ${image.name} / docker-registry`, pulled, goal),
  ];
}

async function peakMemoryMb(pid: number): Promise<number> {
  return parseSize(await readFile(`/proc/${pid}/status`, "utf8"), "VmHWM");
}
