import type { ServiceInfo } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { join } from "node:path";
import { operatorName } from "../bootstrap/accounts.ts";
import { sampleName } from "../bootstrap/sample-definition.ts";
import { serviceLines } from "../output/services.ts";
import {
  agentAddress,
  identityUrl,
  metacryptUrl,
  nameServerUrl,
  type Platform,
  registryUrl,
  serviceUrl,
} from "../platform.ts";
import { stateDirectory } from "../store/default-path.ts";
import { quoteForShell } from "./shell.ts";

/** What runs where, and what to do next. */
export async function describePlatform(
  platform: Platform,
  services: readonly ServiceInfo[],
): Promise<string> {
  const { layout, settings } = platform;
  const rows = [
    ["mcias", identityUrl(settings)],
    ["metacrypt", metacryptUrl(settings)],
    ["mcns", `${nameServerUrl(settings)} (DNS on 127.0.0.1:${settings.ports.dns}, zone ${settings.zone})`],
    ["mc-proxy", `127.0.0.1:${settings.ports.ingress}`],
    ["mcr", `${registryUrl(settings)} (images, and pages for a browser)`],
    ["mcp-agent", `${agentAddress(settings)} (node ${settings.node})`],
    ["state", layout.root],
    ["operator", `${operatorName}, password in ${layout.operator.password}`],
  ];
  const sample = services.find(({ name, active }) => name === sampleName && active);
  if (sample !== undefined) rows.push([sampleName, whereSampleIs(sample, platform)]);
  const lines = [
    `Metacircular is up on node ${settings.node}.`,
    "",
    ...rows.map(([name = "", text = ""]) => `  ${name.padEnd(10)} ${text}`),
    "",
    ...(await serviceLines(services)),
    "",
    "Next:",
    ...nextCommands(platform, services).map((command) => `  ${command}`),
  ];
  return `${lines.join("\n")}\n`;
}

function nextCommands(platform: Platform, services: readonly ServiceInfo[]): string[] {
  const { layout, settings, host } = platform;
  const isDefault = stateDirectory(undefined, host.user, process.env) === layout.root;
  const state = isDefault ? "" : ` --state ${quoteForShell(layout.root)}`;
  const program = quoteForShell(join(host.checkout, "bin", "metacircular"));
  const active = services.filter((service) => service.active).map(({ name }) => name);
  const service = active.includes(sampleName) ? sampleName : (active[0] ?? sampleName);
  const sample = services.find(({ name, active }) => name === sampleName && active);
  const visit = `curl --cacert "$METACIRCULAR_CA" --resolve "$METACIRCULAR_RESOLVE" ${serviceUrl(sampleName, settings)}`;
  return [
    `eval "$(${program} env${state})"`,
    `mcp status ${service}`,
    `mcp logs ${service} --follow`,
    ...(sample !== undefined && isAtIngress(sample, settings) ? [visit] : []),
  ];
}

/** Definitions that an earlier version deployed may name a port that the proxy cannot have. */
function whereSampleIs(sample: ServiceInfo, { layout, settings }: Platform): string {
  const url = serviceUrl(sampleName, settings);
  if (isAtIngress(sample, settings)) return url;
  const file = join(layout.operator.definitions, `${sampleName}.toml`);
  return `for ${url} let a route have port = ${settings.ports.ingress} in ${file}, and run: mcp deploy ${sampleName}`;
}

function isAtIngress({ components }: ServiceInfo, { ports }: Platform["settings"]): boolean {
  return components.some(({ routes }) => routes.some(({ port }) => port === ports.ingress));
}
