import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { ensureAgentToken, ensureOperator, operatorName } from "../bootstrap/accounts.ts";
import { ensureCertificates } from "../bootstrap/certificates.ts";
import { settle } from "../bootstrap/choose-settings.ts";
import { ensureConfigurations } from "../bootstrap/configurations.ts";
import { waitUntilHealthy } from "../bootstrap/healthy.ts";
import { choosePodmanSettings } from "../bootstrap/podman-settings.ts";
import { ensureAuthority, ensureZone } from "../bootstrap/edge.ts";
import { ensureLogin } from "../bootstrap/operator-login.ts";
import { checkPrerequisites } from "../bootstrap/prerequisites.ts";
import { sampleName } from "../bootstrap/sample-definition.ts";
import { deploySample, placeSampleSource } from "../bootstrap/sample.ts";
import { liveServices, startServices } from "../bootstrap/services.ts";
import { Progress } from "../output/progress.ts";
import { describePlatform } from "../output/summary.ts";
import { environmentOf, type Host, type Platform } from "../platform.ts";
import { createStateDirectory } from "../store/directory.ts";
import type { StateLayout } from "../store/layout.ts";
import { readSettings } from "../store/settings.ts";
import { ensureSupervisor } from "../supervisor/launch.ts";
import { lockState, statePath, thisHost } from "./context.ts";

/** Brings the platform up, or finds that it is. Every step does what is missing and nothing else, so that it
 * can be run at any time, also after being interrupted anywhere. */
export async function up(options: { state?: string }): Promise<void> {
  const host = thisHost();
  const path = statePath(options.state, host);
  const progress = new Progress(process.stderr, host.clock);
  const layout = await createStateDirectory(path);
  using _lock = await lockState(layout, host);
  const chosen = await prepare(layout, host, progress);
  await startPrograms(chosen, progress);
  const platform = await prepareEdge(chosen, progress);
  await startContainers(platform, progress);
  if (!progress.changed) process.stderr.write("Already up.\n");
  process.stdout.write(await describePlatform(platform, await liveServices(platform)));
}

async function prepare(layout: StateLayout, host: Host, progress: Progress): Promise<Platform> {
  const before = await readSettings(layout.settings);
  const podman = await choosePodmanSettings(before?.podman, host, process.env);
  await progress.step("prerequisites", async () => {
    const environment = environmentOf({ settings: { podman }, host });
    const facts = await checkPrerequisites({ directory: layout.root, environment, nowMs: host.clock.now() });
    if (before !== undefined) return undefined;
    return `podman ${facts.version}${facts.rootless ? ", rootless" : ""}`;
  });
  const settings = await settle(layout, host, podman);
  return { layout, settings, host };
}

async function startPrograms(platform: Platform, progress: Progress): Promise<void> {
  const { layout, settings, host } = platform;
  await progress.step("certificates", async () =>
    list("issued for", await ensureCertificates(layout, host.clock)),
  );
  await progress.step("configuration", async () =>
    list("wrote", await ensureConfigurations(layout, settings)),
  );
  await progress.step("accounts", async () => {
    const operator = (await ensureOperator(platform)) ? [operatorName] : [];
    const agent = (await ensureAgentToken(platform)) ? ["mcp-agent"] : [];
    return list("created", [...operator, ...agent]);
  });
  await progress.step("programs", async () => {
    const started = await ensureSupervisor(platform);
    await waitUntilHealthy(platform);
    return started ? "all run and answer" : undefined;
  });
  await progress.step("login", async () => {
    return (await ensureLogin(platform)) ? `mcp is logged in as ${operatorName}` : undefined;
  });
}

/** What the edge needs before the first service: an authority, a zone, and an agent that knows of both. */
async function prepareEdge(platform: Platform, progress: Progress): Promise<Platform> {
  await progress.step("authority", async () => list("made", await ensureAuthority(platform)));
  await progress.step("zone", async () => {
    return (await ensureZone(platform)) ? `made ${platform.settings.zone}` : undefined;
  });
  const settings = (await readSettings(platform.layout.settings)) ?? platform.settings;
  const prepared = { ...platform, settings };
  const written = await ensureConfigurations(platform.layout, settings);
  if (written.length > 0) {
    await progress.step("agent", async () => {
      await waitUntilHealthy(prepared);
      return "manages certificates, routes and names";
    });
  }
  return prepared;
}

async function startContainers(platform: Platform, progress: Progress): Promise<void> {
  await progress.step("services", async () => {
    const { started, failed } = await startServices(platform);
    if (failed.length > 0) throw servicesNotStarted(failed);
    return list("started", started);
  });
  if (platform.settings.sampleDeployed) return;
  await progress.step("deploy", async () => {
    await placeSampleSource(platform);
    await deploySample(platform);
    return `${sampleName} is built, pushed and runs`;
  });
}

function list(verb: string, things: readonly string[]): string | undefined {
  return things.length === 0 ? undefined : `${verb} ${things.join(", ")}`;
}

function servicesNotStarted(failed: readonly { service: string; why: string }[]): DetailedError {
  return new DetailedError({
    code: "SERVICES_NOT_STARTED",
    category: "failed-precondition",
    attempted: "start",
    subject: failed.map(({ service }) => service).join(", "),
    found: "the rest of the platform is up, these services are not",
    remedy: "mend what is said above, then run `mcp start <service>`",
    output: failed.map(({ service, why }) => `${service}: ${why}`),
  });
}
