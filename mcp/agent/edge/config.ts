import { isIP } from "node:net";
import { parseHostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";
import { duration } from "@metacircular/mcdsl/config/fields.ts";
import { z } from "zod";

const positiveDuration = () => duration().refine((durationMs) => durationMs > 0, "must be longer than 0s");
/** The empty string, too. */
const optional = (isGood: (text: string) => boolean, message: string) =>
  z
    .string()
    .refine((text) => text === "" || isGood(text), message)
    .default("");
const address = (example: string) =>
  optional(
    (text) => (parseHostAndPort(text)?.host ?? "") !== "",
    `must be an address such as "${example}", or "" for none`,
  );

/** `[mcproxy]`: where routes are registered, and where the proxy finds certificates. */
export const mcproxySettings = z
  .strictObject({
    /** The proxy's Unix socket; empty: no routes are registered. */
    socket: z.string().default(""),
    /** Where it reads certificates. */
    cert_dir: z.string().min(1).default("/srv/mc-proxy/certs"),
    /** How long the connections to a container that was replaced are waited for. */
    drain_timeout: positiveDuration()
      .refine((durationMs) => durationMs <= 600_000, "must not be longer than 10m")
      .prefault("10s"),
    /** Where the proxy reaches the host ports of containers. */
    backend_address: z
      .string()
      .refine((text) => isIP(text) !== 0, "must be an IP address")
      .default("127.0.0.1"),
  })
  .prefault({});

/** `[acme]`: the authority that certificates come from. */
export const acmeSettings = z
  .strictObject({
    /** Of the authority's directory (RFC 8555, section 7.1.1); empty: no certificates. */
    directory_url: optional((text) => URL.parse(text)?.protocol === "https:", "must be an https URL"),
    ca_cert: z.string().default(""),
    /** Empty: `acme-account.pem` beside the registry. */
    account_key_path: z.string().default(""),
    /** e.g. `mailto:ops@example.net` */
    contact: z.array(z.string()).max(8).default([]),
    eab_key_id: z.string().default(""),
    /** File with the key of the external account, in base64url. */
    eab_key_path: z.string().default(""),
    challenge: z.enum(["dns-01", "http-01"]).default("dns-01"),
    /** Where the answers to http-01 are served. */
    http_listen: address("127.0.0.1:8402"),
    /** Before the end of a certificate; `0s`: a third of its lifetime. */
    renew_before: duration().prefault("0s"),
  })
  .refine(({ eab_key_id, eab_key_path }) => (eab_key_id === "") === (eab_key_path === ""), {
    path: ["eab_key_path"],
    message: "must be set together with eab_key_id",
  })
  .refine(
    ({ directory_url, challenge, http_listen }) =>
      directory_url === "" || challenge === "dns-01" || http_listen !== "",
    { path: ["http_listen"], message: 'must be set where challenge is "http-01"' },
  )
  .prefault({});

/** `[mcns]`: the name server, and the zone that names are in. */
export const mcnsSettings = z
  .strictObject({
    /** `host:port` of its gRPC API; empty: no names are set. */
    address: address("127.0.0.1:9454"),
    ca_cert: z.string().default(""),
    /** Empty: the agent's own token. */
    token_path: z.string().default(""),
    zone: z
      .string()
      .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, "must be a lower-case domain name without a final dot")
      .default("svc.mcp.metacircular.net"),
    /** What names resolve to: the address of this node. */
    node_address: optional((text) => isIP(text) !== 0, "must be an IP address"),
    ttl: positiveDuration().prefault("60s"),
  })
  .refine(({ address: server, node_address }) => server === "" || node_address !== "", {
    path: ["node_address"],
    message: "must be set where address is",
  })
  .prefault({});
