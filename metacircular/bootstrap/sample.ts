import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { writeFileAtomic } from "@metacircular/mcdsl/files/write-atomic.ts";
import { cp, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { Podman } from "../containers/podman.ts";
import { environmentOf, type Platform } from "../platform.ts";
import { commandFailed } from "../processes/run.ts";
import { logFile } from "../store/layout.ts";
import { updateSettings } from "../store/settings.ts";
import { isStaticExecutable } from "./elf.ts";
import { mcp } from "./operator-login.ts";
import { placeDefinition, sampleName } from "./sample-definition.ts";

/** Images of the sample by the folder that holds their Containerfile. */
const images: Readonly<Record<string, string>> = {
  web: "localhost/hello-web:v1.0.0",
  ticker: "localhost/hello-ticker:v1.0.0",
};

const busyboxPath = "/bin/busybox";

/** Builds the images that are missing, from files on this machine.
 * @returns those built
 * @throws DetailedError `BUSYBOX_UNUSABLE` */
export async function ensureSampleImages(platform: Platform): Promise<string[]> {
  const podman = new Podman(environmentOf(platform));
  const built: string[] = [];
  for (const [folder, reference] of Object.entries(images)) {
    if (await podman.imageExists(reference)) continue;
    const context = join(platform.layout.images, folder);
    await prepareContext(join(platform.host.checkout, "examples", sampleName, folder), context);
    await podman.build(reference, context);
    built.push(reference);
  }
  return built;
}

/** Writes the sample's definition for this node and deploys it with the operator's command line. From then
 * on the sample is the operator's. */
export async function deploySample(platform: Platform): Promise<void> {
  const { layout, settings, host } = platform;
  const example = join(host.checkout, "examples", sampleName, `${sampleName}.toml`);
  const place = { node: settings.node, dataDirectory: layout.data, port: settings.ports.ingress };
  const definition = placeDefinition(await readFile(example, "utf8"), place);
  await mkdir(join(layout.data, sampleName), { recursive: true, mode: 0o755 });
  await writeFileAtomic(join(layout.operator.definitions, `${sampleName}.toml`), definition, { mode: 0o644 });
  const command = ["deploy", sampleName];
  const result = await mcp(platform, command);
  if (result.exitCode !== 0) throw commandFailed(["mcp", ...command], result, logFile(layout, "mcp-agent"));
  await updateSettings(layout.settings, { sampleDeployed: true });
}

/** Removes the images. @returns those that stay because something else uses them */
export async function removeSampleImages(podman: Podman): Promise<string[]> {
  const kept: string[] = [];
  for (const reference of Object.values(images)) {
    try {
      await podman.removeImage(reference);
    } catch (thrown) {
      if (!(thrown instanceof DetailedError)) throw thrown;
      kept.push(reference);
    }
  }
  return kept;
}

async function prepareContext(source: string, context: string): Promise<void> {
  await rm(context, { recursive: true, force: true });
  await cp(source, context, { recursive: true });
  await checkBusybox();
  await cp(busyboxPath, join(context, "busybox"), { dereference: true });
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
