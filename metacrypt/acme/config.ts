import { BlockList, isIP } from "node:net";
import { duration } from "@metacircular/mcdsl/config/fields.ts";
import { parseHostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";
import { z } from "zod";

/** Networks that nobody's service is in: unspecified, link-local (cloud metadata among them), multicast, reserved. */
const defaultDeniedNetworks = [
  "0.0.0.0/8",
  "169.254.0.0/16",
  "224.0.0.0/4",
  "240.0.0.0/4",
  "::/128",
  "fe80::/10",
  "ff00::/8",
  // Metadata of a cloud, where IPv6 has no link-local address for it.
  "fd00:ec2::254/128",
];

const port = (fallback: number) => z.int().min(1).max(65_535).default(fallback);

const network = z
  .string()
  .refine((text) => parseNetwork(text) !== undefined, 'must be a network such as "10.0.0.0/8" or "fd00::/8"');

/** The section `[acme]` of `metacrypt.toml`: how the server looks whether clients control what they ask for. */
export const acmeConfigSchema = z
  .strictObject({
    /** DNS server to ask, `address:port`. Empty: the machine's own, with its /etc/hosts. */
    resolver: z
      .string()
      .refine(isServerAddress, 'must be an address with a port such as "127.0.0.1:5353", or ""')
      .default(""),
    /** Where http-01 connects to. Other ports than 80 are for tests and closed networks: RFC 8555 says 80. */
    http_port: port(80),
    /** Where tls-alpn-01 connects to. Other ports than 443 are for tests and closed networks. */
    tls_port: port(443),
    /** Addresses that validation may connect to; none: all but the denied. */
    allowed_networks: z.array(network).max(100).default([]),
    /** Addresses that validation never connects to. */
    denied_networks: z.array(network).max(100).default(defaultDeniedNetworks),
    /** For one attempt, all redirects included. */
    validation_timeout: duration().prefault("10s"),
    /** Until a challenge is invalid. The pause begins with `validation_pause` and doubles. */
    validation_attempts: z.int().min(1).max(20).default(4),
    validation_pause: duration().prefault("1s"),
    /** At the same time, over all mounts. */
    validation_concurrency: z.int().min(1).max(1_000).default(32),
  })
  .prefault({});

export type AcmeConfig = z.output<typeof acmeConfigSchema>;

/** Whether validation may connect to an address. */
export type MayConnect = (address: string) => boolean;

export function connectRule(config: Pick<AcmeConfig, "allowed_networks" | "denied_networks">): MayConnect {
  const allowed = blockList(config.allowed_networks);
  const denied = blockList(config.denied_networks);
  return (address) => {
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    if (denied.check(address, family)) return false;
    return config.allowed_networks.length === 0 || allowed.check(address, family);
  };
}

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of networks) {
    const parsed = parseNetwork(text);
    if (parsed !== undefined) list.addSubnet(parsed.address, parsed.prefix, parsed.family);
  }
  return list;
}

function parseNetwork(
  text: string,
): { address: string; prefix: number; family: "ipv4" | "ipv6" } | undefined {
  const [address = "", bits = ""] = text.split("/");
  const version = isIP(address);
  if (version === 0 || !/^\d{1,3}$/.test(bits)) return undefined;
  const prefix = Number(bits);
  if (prefix > (version === 6 ? 128 : 32)) return undefined;
  return { address, prefix, family: version === 6 ? "ipv6" : "ipv4" };
}

function isServerAddress(text: string): boolean {
  if (text === "") return true;
  const parsed = parseHostAndPort(text);
  return parsed !== undefined && isIP(parsed.host) !== 0;
}
