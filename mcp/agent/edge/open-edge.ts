import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { parseHostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { AgentConfig } from "../config.ts";
import { type Challenger, dnsChallenger, httpChallenger } from "./acme/challenges.ts";
import { startChallengeResponder } from "./acme/http-responder.ts";
import { createCertificateFiles } from "./certificate-files.ts";
import { createCertificateIssuer } from "./certificate-issuer.ts";
import { createEdge, type Edge, type NameService } from "./edge.ts";
import { createNameRecords } from "./name-records.ts";
import { createRouteAdmin } from "./route-admin.ts";

/** Connects to the services of the edge that are configured, when they are first needed; undefined where none is. The
 * stack gets what has to be disposed.
 * @throws DetailedError LISTEN_FAILED, CONFIG_INVALID */
export async function openEdge(
  { config, clock }: { config: AgentConfig; clock: Clock },
  stack: AsyncDisposableStack,
): Promise<Edge | undefined> {
  const { mcproxy, acme, mcns } = config;
  const names = openNames(config, clock, stack);
  const certificates = await openCertificates(config, { clock, names }, stack);
  const routes =
    mcproxy.socket === ""
      ? undefined
      : stack.use(createRouteAdmin({ socket: mcproxy.socket, drainTimeoutMs: mcproxy.drain_timeout, clock }));
  if (routes === undefined && names === undefined && certificates === undefined) return undefined;
  const { challenge, renew_before: renewBeforeMs } = acme;
  return createEdge({
    settings: {
      zone: mcns.zone,
      ...(routes === undefined ? {} : { routes: { backendAddress: mcproxy.backend_address } }),
      ...(certificates === undefined ? {} : { certificates: { challenge, renewBeforeMs } }),
      ...(names === undefined ? {} : { dns: { nodeAddress: mcns.node_address } }),
    },
    routes,
    names,
    certificates,
  });
}

function openNames(
  { mcns, mcias }: AgentConfig,
  clock: Clock,
  stack: AsyncDisposableStack,
): NameService | undefined {
  const { address, zone } = mcns;
  if (address === "") return undefined;
  const tokenFile = mcns.token_path === "" ? mcias.token_path : mcns.token_path;
  const records = createNameRecords({
    address,
    caFile: fileOrNone(mcns.ca_cert),
    token: async () => (await readFile(tokenFile, "utf8")).trim(),
    zone,
    clock,
  });
  stack.use(records);
  return { records, zone, ttlS: Math.max(1, Math.round(mcns.ttl / 1_000)) };
}

async function openCertificates(
  config: AgentConfig,
  { clock, names }: { clock: Clock; names: NameService | undefined },
  stack: AsyncDisposableStack,
): Promise<Edge["certificates"]> {
  const { acme, mcproxy, database } = config;
  if (acme.directory_url === "") return undefined;
  const { account_key_path: accountKeyPath, eab_key_id: keyId, eab_key_path: keyFile } = acme;
  const challenger = await chooseChallenger(config, names, stack);
  const issuer = createCertificateIssuer({
    settings: {
      directoryUrl: acme.directory_url,
      caFile: fileOrNone(acme.ca_cert),
      contact: acme.contact,
      externalAccount:
        keyId === "" ? undefined : { keyId, key: async () => (await readFile(keyFile, "utf8")).trim() },
    },
    accountKeyFile: accountKeyPath === "" ? join(dirname(database.path), "acme-account.pem") : accountKeyPath,
    challenger,
    clock,
  });
  stack.use(issuer);
  return { files: createCertificateFiles(mcproxy.cert_dir), issuer, directoryUrl: acme.directory_url };
}

async function chooseChallenger(
  { acme, mcns }: AgentConfig,
  names: NameService | undefined,
  stack: AsyncDisposableStack,
): Promise<(thumbprint: string) => Challenger> {
  const address = parseHostAndPort(acme.http_listen);
  if (acme.challenge === "http-01" && address !== undefined) {
    const responder = stack.use(await startChallengeResponder(address));
    return (thumbprint) => httpChallenger(responder, thumbprint);
  }
  if (names === undefined) throw withoutNames();
  return (thumbprint) => dnsChallenger(names.records, mcns.zone, thumbprint);
}

function fileOrNone(path: string): string | undefined {
  return path === "" ? undefined : path;
}

function withoutNames(): DetailedError {
  return new DetailedError({
    code: "CONFIG_INVALID",
    category: "invalid-argument",
    attempted: "start with",
    subject: "[acme] challenge",
    found: "dns-01 needs a name server, and [mcns] address is empty",
    remedy: 'set [mcns] address, or use challenge = "http-01"',
  });
}
