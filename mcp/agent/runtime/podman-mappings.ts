import { DetailedError } from "@metacircular/mcdsl/errors.ts";

/** One published port or range of ports. */
export interface PortMapping {
  /** Empty: every address. */
  readonly hostAddress: string;
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: string;
  /** How many ports from the two first ones on. */
  readonly count: number;
}

export interface VolumeMapping {
  readonly kind: "bind" | "named" | "anonymous";
  /** Path, name, or empty. */
  readonly source: string;
  readonly destination: string;
  readonly options: readonly string[];
}

const portPattern =
  /^(?:(?<address>\[[0-9a-fA-F:.]+\]|[0-9.]+):)?(?<host>\d+)(?:-(?<hostEnd>\d+))?:(?<container>\d+)(?:-(?<containerEnd>\d+))?(?:\/(?<protocol>tcp|udp|sctp))?$/;

/** Reads `[address:]host:container[/protocol]`, where both ports may be ranges of equal length. */
export function parsePort(text: string): PortMapping {
  const groups = portPattern.exec(text)?.groups;
  const host = Number(groups?.["host"]);
  const container = Number(groups?.["container"]);
  const hostEnd = Number(groups?.["hostEnd"] ?? host);
  const containerEnd = Number(groups?.["containerEnd"] ?? container);
  const wrong =
    groups === undefined ||
    host < 1 ||
    container < 1 ||
    hostEnd < host ||
    hostEnd - host !== containerEnd - container ||
    Math.max(hostEnd, containerEnd) > 65_535;
  if (wrong) throw invalid("publish port", text, "write [address:]host:container[/protocol]");
  return {
    hostAddress: (groups["address"] ?? "").replaceAll(/^\[|\]$/g, ""),
    hostPort: host,
    containerPort: container,
    protocol: groups["protocol"] ?? "tcp",
    count: hostEnd - host + 1,
  };
}

/** Reads `source:destination[:options]`; a lone destination is an anonymous volume. */
export function parseVolume(text: string): VolumeMapping {
  const [first = "", second, options, ...rest] = text.split(":");
  const destination = second ?? first;
  const source = second === undefined ? "" : first;
  const wrong =
    !destination.startsWith("/") ||
    rest.length > 0 ||
    (second !== undefined && source === "") ||
    options === "";
  if (wrong)
    throw invalid("mount volume", text, "write source:destination[:options] with an absolute destination");
  return {
    kind: source === "" ? "anonymous" : source.startsWith("/") ? "bind" : "named",
    source,
    destination,
    options: options?.split(",") ?? [],
  };
}

function invalid(attempted: string, subject: string, remedy: string): DetailedError {
  return new DetailedError({
    code: "CONTAINER_INVALID",
    category: "invalid-argument",
    attempted,
    subject,
    found: "it cannot be read",
    remedy,
  });
}
