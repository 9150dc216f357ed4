import { randomBytes } from "node:crypto";
import { Podman } from "../containers/podman.ts";
import { environmentOf, type Host } from "../platform.ts";
import { ownProcesses } from "../processes/process-table.ts";
import { isInstance, programs } from "../supervisor/programs.ts";
import type { StateLayout } from "../store/layout.ts";
import { readSettings, type Settings, writeSettings } from "../store/settings.ts";
import { alternativeName, nodeName } from "./node-name.ts";
import { choosePort, isPortFree } from "./ports.ts";

const preferredPorts: Settings["ports"] = { identity: 8_443, agent: 9_444 };

/** The settings of before, or new ones; ports that somebody else took meanwhile are exchanged. */
export async function settle(layout: StateLayout, host: Host, podman: Settings["podman"]): Promise<Settings> {
  const before = await readSettings(layout.settings);
  const settings = before ?? {
    node: await chooseNodeName(host, podman),
    ports: preferredPorts,
    operatorCreated: false,
    sampleDeployed: false,
  };
  const settled = { ...settings, podman, ports: await usablePorts(layout, host, settings.ports) };
  if (JSON.stringify(settled) !== JSON.stringify(before)) await writeSettings(layout.settings, settled);
  return settled;
}

/** Containers are told apart by their node, so no two platforms that share podman may use one name. */
async function chooseNodeName(host: Host, podman: Settings["podman"]): Promise<string> {
  const name = nodeName(host.hostName);
  const containers = await new Podman(environmentOf({ settings: { podman }, host })).managed(name);
  return containers.length === 0 ? name : alternativeName(name, randomBytes(2).toString("hex"));
}

/** A port stays where it is as long as it is free or our own program has it. */
async function usablePorts(
  layout: StateLayout,
  host: Host,
  ports: Settings["ports"],
): Promise<Settings["ports"]> {
  const running = await ownProcesses();
  const isRunning = new Set(
    programs(layout, host.checkout)
      .filter((program) => running.some(({ argv }) => isInstance(program, argv)))
      .map(({ name }) => name),
  );
  const usable = async (port: number, owned: boolean, taken: number[]): Promise<number> => {
    return owned || (!taken.includes(port) && (await isPortFree(port)))
      ? port
      : choosePort(port, new Set(taken));
  };
  const identity = await usable(ports.identity, isRunning.has("mcias"), []);
  return { identity, agent: await usable(ports.agent, isRunning.has("mcp-agent"), [identity]) };
}
