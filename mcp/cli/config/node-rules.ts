import { parseHostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";

/** A DNS label, as nodes are named. */
const nodeName = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

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
