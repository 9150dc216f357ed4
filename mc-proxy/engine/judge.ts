import { isIP, isIPv4 } from "node:net";
import type { EngineCertificate, EngineRoute, FirewallRule, RouteKey } from "./desired-state.ts";

const label = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?";
const hostnamePattern = new RegExp(`^(?:\\*\\.)?${label}(?:\\.${label})*$`);

/** Routes that a data plane takes at most. */
export const maximalRoutes = 10_000;

/** What is wrong with a host name of a route or certificate, in words; undefined: nothing. `*` may be its first label. */
export function hostnameProblem(hostname: string): string | undefined {
  if (hostname.length > 253) return "the host name has more than 253 characters";
  if (!hostnamePattern.test(hostname))
    return "the host name is not one in lower case, of letters, digits and hyphens";
  if (hostname.startsWith("*.") && !hostname.slice(2).includes("."))
    return "a wildcard needs at least two labels behind it";
  return undefined;
}

/** All that is wrong with a route, in words. */
export function routeProblems(route: EngineRoute): string[] {
  const { backend, rateLimit, maxBodyBytes, mode, sendProxyProtocol, backendProtocol } = route;
  const problems: (string | undefined | false)[] = [
    hostnameProblem(route.hostname),
    !isPort(route.port) && "the port is not 1 to 65535",
    (isIP(backend.host) === 0 || backend.host.includes("%")) && "the backend is not an IP address and a port",
    !isPort(backend.port) && "the backend's port is not 1 to 65535",
    isUnspecified(backend.host) && "the backend's address stands for none in particular",
    !isCount(rateLimit, 1_000_000) && "the rate limit is not 0 to 1000000",
    !isCount(maxBodyBytes, Number.MAX_SAFE_INTEGER) && "the largest body is not a number of bytes",
    mode === "l7" && sendProxyProtocol && "the PROXY protocol is for L4 routes only",
    mode === "l4" && backendProtocol !== "http1" && "a backend protocol is for L7 routes only",
    mode === "l4" && maxBodyBytes > 0 && "a largest body is for L7 routes only",
  ];
  return problems.filter((problem) => typeof problem === "string");
}

/** What is wrong with an address or a network, in words; undefined: nothing. */
export function networkProblem(network: string): string | undefined {
  const [address = "", bits, rest] = network.split("/");
  const family = isIP(address);
  if (family === 0 || rest !== undefined || address.includes("%")) return "it is no IP address or network";
  const mostBits = isIPv4(address) ? 32 : 128;
  if (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= mostBits))
    return `its prefix is not 0 to ${mostBits} bits`;
  return undefined;
}

/** What is wrong with a firewall rule, in words; undefined: nothing. */
export function ruleProblem({ cidr, country, port }: FirewallRule): string | undefined {
  if ((cidr === undefined) === (country === undefined))
    return "it has not exactly one of a network and a country";
  if (port !== 0 && !isPort(port)) return "the port is not 0 to 65535";
  if (country !== undefined && !/^[A-Z]{2}$/.test(country))
    return "the country is not two letters in upper case";
  return cidr === undefined ? undefined : networkProblem(cidr);
}

/** What is wrong with a certificate's name and host names, in words; undefined: nothing. The PEM is not looked at. */
export function certificateProblem({ name, hostnames }: EngineCertificate): string | undefined {
  if (!/^[A-Za-z0-9*_-][A-Za-z0-9.*_-]{0,199}$/.test(name)) return "its name cannot be that of a file";
  if (hostnames.length === 0) return "it is for no host name";
  return hostnames.map((hostname) => hostnameProblem(hostname)).find((problem) => problem !== undefined);
}

/** How a route is called in messages. */
export function describeRoute({ port, hostname }: RouteKey): string {
  return `${port} ${hostname}`;
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}

function isCount(value: number, most: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= most;
}

/** Any spelling of `0.0.0.0` or `::`, mapped ones included. */
function isUnspecified(host: string): boolean {
  return isIP(host) !== 0 && !/[1-9a-f]/i.test(host.replace(/^(?:0*:)*:?ffff:(?=[\d.]+$)/i, ""));
}
