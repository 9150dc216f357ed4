import type { Report } from "../report.ts";
import { itemsOf, type Located, textOf, entryOf } from "./located.ts";

const short =
  /^(?:(\[[0-9a-fA-F:]+\]|\d+\.\d+\.\d+\.\d+|::):)?(?:(\d*(?:-\d+)?):)?(\d+(?:-\d+)?)(?:\/([a-z]+))?$/;

const anyFree = "any free port of a range cannot be declared; choose one, or use a route";

/** Most ports of one range. */
const widestRange = 64;

interface Mapping {
  readonly address: string;
  readonly host: string;
  readonly container: string;
  readonly protocol: string;
}

/** Published ports, in the form of a definition: one for each port of a range. */
export function portsOf(node: Located | undefined, key: string, report: Report): string[] {
  const found = itemsOf(node).flatMap((item) => {
    const mapping = item.kind === "map" ? longMapping(item) : shortMapping(textOf(item) ?? "");
    const ports = mapping === undefined ? "it is not understood" : portsOfMapping(mapping);
    if (typeof ports !== "string") return ports;
    report.add(
      "left-out",
      item.place,
      key,
      `${mapping === undefined ? (textOf(item) ?? "a port") : mapping.container}: ${ports}`,
    );
    return [];
  });
  return [...new Set(found)];
}

function shortMapping(text: string): Mapping | undefined {
  const match = short.exec(text);
  if (match === null) return undefined;
  const [, address = "", host = "", container = "", protocol = "tcp"] = match;
  return { address, host, container, protocol };
}

function longMapping(node: Located): Mapping {
  return {
    address: textOf(entryOf(node, "host_ip")) ?? "",
    host: textOf(entryOf(node, "published")) ?? "",
    container: textOf(entryOf(node, "target")) ?? "",
    protocol: textOf(entryOf(node, "protocol")) ?? "tcp",
  };
}

/** @returns why not, as a text */
function portsOfMapping({ address, host, container, protocol }: Mapping): string[] | string {
  if (host === "") return "it has no port on the node; give it one, or use a route";
  if (protocol !== "tcp" && protocol !== "udp") return `a definition has no ports of protocol ${protocol}`;
  if (host.includes("-") && !container.includes("-")) return anyFree;
  const [hosts, containers] = [rangeOf(host), rangeOf(container)];
  if (hosts === undefined || containers === undefined)
    return `"${host}:${container}" is not a port or a range`;
  if (hosts.length !== containers.length) return anyFree;
  const bare = address.startsWith("[") ? address.slice(1, -1) : address;
  const prefix = bare === "" ? "" : bare.includes(":") ? `[${bare}]:` : `${bare}:`;
  const suffix = protocol === "tcp" ? "" : `/${protocol}`;
  return hosts.map((port, index) => `${prefix}${port}:${containers[index]}${suffix}`);
}

function rangeOf(text: string): number[] | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const first = Number(match[1]);
  const last = Number(match[2] ?? first);
  if (last < first || last - first >= widestRange) return undefined;
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
