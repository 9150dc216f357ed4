import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { writeFileAtomic } from "@metacircular/mcdsl/files/write-atomic.ts";
import { cp, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Platform, registryAddress } from "../platform.ts";
import { commandFailed } from "../processes/run.ts";
import { logFile } from "../store/layout.ts";
import { updateSettings } from "../store/settings.ts";
import { isStaticExecutable } from "./elf.ts";
import { mcp } from "./operator-login.ts";
import { placeDefinition, sampleName } from "./sample-definition.ts";

const busyboxPath = "/bin/busybox";

/** Puts the sample's source where `mcp` builds from. What lies there already is brought up to date.
 * @throws DetailedError `BUSYBOX_UNUSABLE` */
export async function placeSampleSource({ layout, host }: Platform): Promise<void> {
  await checkBusybox();
  const source = join(host.checkout, "examples", sampleName);
  const target = join(layout.operator.workspace, sampleName);
  const isSource = (path: string): boolean => !path.endsWith(".toml");
  await cp(source, target, { recursive: true, filter: isSource });
  await cp(busyboxPath, join(target, "busybox"), { dereference: true });
}

/** Writes the sample's definition for this node and deploys it with the operator's command line, which builds and pushes
 * its images first. From then on the sample is the operator's. */
export async function deploySample(platform: Platform): Promise<void> {
  const { layout, settings, host } = platform;
  const example = join(host.checkout, "examples", sampleName, `${sampleName}.toml`);
  const place = {
    node: settings.node,
    dataDirectory: layout.data,
    port: settings.ports.ingress,
    registry: registryAddress(settings),
  };
  const definition = placeDefinition(await readFile(example, "utf8"), place);
  await mkdir(join(layout.data, sampleName), { recursive: true, mode: 0o755 });
  await writeFileAtomic(join(layout.operator.definitions, `${sampleName}.toml`), definition, { mode: 0o644 });
  const command = ["deploy", sampleName];
  const result = await mcp(platform, command);
  if (result.exitCode !== 0) throw commandFailed(["mcp", ...command], result, logFile(layout, "mcp-agent"));
  await updateSettings(layout.settings, { sampleDeployed: true });
}

async function checkBusybox(): Promise<void> {
  const content = await readFile(busyboxPath).catch(() => undefined);
  if (content !== undefined && isStaticExecutable(content)) return;
  throw new DetailedError({
    code: "BUSYBOX_UNUSABLE",
    category: "failed-precondition",
    attempted: "build the sample's images from",
    subject: busyboxPath,
    found: content === undefined ? "there is no such file" : "it needs shared libraries",
    remedy: "install the Debian package busybox-static",
  });
}
