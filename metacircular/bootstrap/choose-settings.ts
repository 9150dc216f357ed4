import { randomBytes } from "node:crypto";
import { Podman } from "../containers/podman.ts";
import { environmentOf, type Host } from "../platform.ts";
import { ownProcesses } from "../processes/process-table.ts";
import { isDataPlane, isInstance, type ProgramName, programs } from "../supervisor/programs.ts";
import type { StateLayout } from "../store/layout.ts";
import { readSettings, type Settings, writeSettings } from "../store/settings.ts";
import { alternativeName, nodeName } from "./node-name.ts";
import { choosePort, isPortFree } from "./ports.ts";

type Ports = Settings["ports"];

const preferredPorts: Ports = {
  identity: 8_443,
  agent: 9_444,
  metacrypt: 8_463,
  metacryptGrpc: 9_463,
  pki: 8_464,
  nameServer: 8_473,
  nameServerGrpc: 9_473,
  dns: 5_300,
  ingress: 443,
  registry: 8_483,
  registryGrpc: 9_483,
};

/** Ports below 1024 are for root only, and others may want them. */
const firstUnprivilegedPort = 1_024;
const unprivilegedIngress = 8_444;

/** The program that listens on a port. */
const listeners: Readonly<Record<keyof Ports, ProgramName>> = {
  identity: "mcias",
  agent: "mcp-agent",
  metacrypt: "metacrypt",
  metacryptGrpc: "metacrypt",
  pki: "metacrypt",
  nameServer: "mcns",
  nameServerGrpc: "mcns",
  dns: "mcns",
  ingress: "mc-proxy",
  registry: "mcr",
  registryGrpc: "mcr",
};

/** The settings of before, or new ones; ports that somebody else took meanwhile are exchanged. */
export async function settle(layout: StateLayout, host: Host, podman: Settings["podman"]): Promise<Settings> {
  const before = await readSettings(layout.settings);
  const settings = before ?? (await newSettings(host, podman));
  const settled = { ...settings, podman, ports: await usablePorts(layout, host, settings.ports) };
  if (JSON.stringify(settled) !== JSON.stringify(before)) await writeSettings(layout.settings, settled);
  return settled;
}

async function newSettings(host: Host, podman: Settings["podman"]): Promise<Settings> {
  return {
    node: await chooseNodeName(host, podman),
    zone: "mc.internal",
    ports: preferredPorts,
    podman,
    operatorCreated: false,
    acmeKeyId: "",
    sampleDeployed: false,
  };
}

/** Containers are told apart by their node, so no two platforms that share podman may use one name. */
async function chooseNodeName(host: Host, podman: Settings["podman"]): Promise<string> {
  const name = nodeName(host.hostName);
  const containers = await new Podman(environmentOf({ settings: { podman }, host })).managed(name);
  return containers.length === 0 ? name : alternativeName(name, randomBytes(2).toString("hex"));
}

/** A port stays where it is as long as it is free or our own program has it. */
async function usablePorts(layout: StateLayout, host: Host, ports: Ports): Promise<Ports> {
  const running = await ownProcesses();
  const isRunning = new Set(
    programs(layout, host.checkout)
      .filter((program) => running.some(({ argv }) => isInstance(program, argv)))
      .map(({ name }) => name),
  );
  if (running.some(({ argv }) => isDataPlane(layout, argv))) isRunning.add("mc-proxy");
  const chosen = new Map<string, number>();
  for (const [name, program] of typedEntries(listeners)) {
    const port = ports[name];
    const taken = new Set(chosen.values());
    const stays = port !== 0 && (isRunning.has(program) || (!taken.has(port) && (await isPortFree(port))));
    chosen.set(name, stays ? port : await otherPort(name, port, taken));
  }
  return { ...ports, ...Object.fromEntries(chosen) };
}

async function otherPort(name: keyof Ports, port: number, taken: ReadonlySet<number>): Promise<number> {
  const preferred = port === 0 ? preferredPorts[name] : port;
  if (preferred >= firstUnprivilegedPort) return choosePort(preferred, taken);
  return (await isPortFree(preferred)) ? preferred : choosePort(unprivilegedIngress, taken);
}

function typedEntries<Key extends string, Value>(record: Readonly<Record<Key, Value>>): [Key, Value][] {
  return Object.entries(record) as [Key, Value][];
}
