import { isIP } from "./address.ts";
import type { ComponentSpec } from "../spec.ts";
import { type Path, type Problem, quote } from "./problem.ts";

/** A fixed port of the node that is forwarded to a container. */
export interface PortMapping {
  /** Without brackets; empty: all addresses of the node. */
  readonly address: string;
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: "tcp" | "udp";
}

export const portPattern = "^((\\[[0-9a-fA-F:]+\\]|[0-9.]+):)?[0-9]{1,5}:[0-9]{1,5}(/(tcp|udp))?$";
const mapping = /^(?:(\[[^\]]*\]|[^:[\]]*):)?(\d{1,5}):(\d{1,5})(?:\/([a-z]+))?$/;

/** Reads `[address:]host:container[/protocol]`; a string is why it cannot be read. */
export function parsePortMapping(text: string): PortMapping | string {
  const match = mapping.exec(text);
  if (match === null) {
    return `port mapping ${quote(text)} is not [address:]host:container[/protocol] (e.g. "127.0.0.1:8080:80")`;
  }
  const [, written = "", host, container, protocol = "tcp"] = match;
  const address = written.startsWith("[") ? written.slice(1, -1) : written;
  if (written !== "" && !isIP(address)) {
    return `port mapping ${quote(text)} has ${quote(written)} where an IP address belongs`;
  }
  if (protocol !== "tcp" && protocol !== "udp") {
    return `port mapping ${quote(text)} has protocol ${quote(protocol)} (tcp or udp)`;
  }
  const hostPort = Number(host);
  const containerPort = Number(container);
  for (const port of [hostPort, containerPort]) {
    if (port < 1 || port > 65_535) return `port mapping ${quote(text)} has port ${port} (1 to 65535)`;
  }
  return { address, hostPort, containerPort, protocol };
}

/** Syntax of every mapping, and mappings that want the same port of the node. */
export function checkPorts(components: readonly ComponentSpec[]): Problem[] {
  const problems: Problem[] = [];
  const claimed: { component: string; text: string; port: PortMapping }[] = [];
  for (const [index, component] of components.entries()) {
    for (const [position, text] of component.ports.entries()) {
      const path: Path = ["components", index, "ports", position];
      const port = parsePortMapping(text);
      if (typeof port === "string") {
        problems.push({ path, message: port });
        continue;
      }
      const other = claimed.find((claim) => overlaps(claim.port, port));
      if (other !== undefined) {
        const where = other.component === component.name ? "" : ` of component "${other.component}"`;
        problems.push({
          path,
          message: `port mapping ${quote(text)} takes the same port as ${quote(other.text)}${where}`,
        });
      }
      claimed.push({ component: component.name, text, port });
    }
  }
  return problems;
}

/** True where both cannot be published at the same time. */
export function overlaps(a: PortMapping, b: PortMapping): boolean {
  if (a.hostPort !== b.hostPort || a.protocol !== b.protocol) return false;
  return a.address === b.address || coversAll(a.address) || coversAll(b.address);
}

/** True for the addresses that stand for all addresses of the node. */
export function coversAll(address: string): boolean {
  return address === "" || address === "0.0.0.0" || address === "::";
}
