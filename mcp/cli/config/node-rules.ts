import { parseHostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";

/** A DNS label, as nodes are named. */
const nodeName = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** What machines are, in the words of image platforms. */
export const architectures = ["amd64", "arm64"] as const;

export type Architecture = (typeof architectures)[number];

/** Why a text cannot name a node, or undefined. */
export function nodeNameProblem(name: string): string | undefined {
  return nodeName.test(name)
    ? undefined
    : `must be a name of a-z, 0-9 and inner "-", not ${JSON.stringify(name)}`;
}

/** Why a text is not an address of an agent, or undefined. */
export function nodeAddressProblem(address: string): string | undefined {
  const parsed = parseHostAndPort(address);
  if (parsed !== undefined && parsed.host !== "" && parsed.port > 0) return undefined;
  return `must be host:port, such as "10.0.0.5:9444", not ${JSON.stringify(address)}`;
}

/** Host and port as they begin an image reference: what looks like one to podman too. */
const registryAddress = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/;

/** Why a text is not the address of a registry, or undefined. */
export function registryAddressProblem(address: string): string | undefined {
  const looksLikeHost = address.includes(".") || address.includes(":");
  if (registryAddress.test(address) && looksLikeHost && URL.canParse(`https://${address}`)) return undefined;
  return `must be host or host:port as images are named, such as "mcr.example.net:8443", not ${JSON.stringify(address)}`;
}
