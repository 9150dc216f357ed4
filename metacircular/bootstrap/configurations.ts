import { writeFileAtomic } from "@metacircular/mcdsl/files/write-atomic.ts";
import { stringify } from "smol-toml";
import {
  acmeDirectoryUrl,
  agentAddress,
  identityUrl,
  loopback,
  metacryptGrpcAddress,
  metacryptUrl,
  nameServerGrpcAddress,
  registryAddress,
  registryGrpcAddress,
  registryUrl,
} from "../platform.ts";
import type { StateLayout } from "../store/layout.ts";
import { readIfPresent } from "../store/read-if-present.ts";
import type { Settings } from "../store/settings.ts";

const generated = "# Written by `metacircular up`, which overwrites changes.\n\n";
const editable =
  "# Written by `metacircular up` once. Yours to change: only the addresses are kept up to date.\n\n";

/** Writes the configurations that are missing or no longer say what they should.
 * @returns the names of the files written */
export async function ensureConfigurations(layout: StateLayout, settings: Settings): Promise<string[]> {
  const files = [
    { path: layout.identity.config, content: identityConfiguration(layout, settings), after: overwrite },
    { path: layout.metacrypt.config, content: metacryptConfiguration(layout, settings), after: overwrite },
    { path: layout.nameServer.config, content: nameServerConfiguration(layout, settings), after: overwrite },
    { path: layout.proxy.config, content: proxyConfiguration(layout, settings), after: overwrite },
    { path: layout.registry.config, content: registryConfiguration(layout, settings), after: overwrite },
    { path: layout.agent.config, content: agentConfiguration(layout, settings), after: overwrite },
    { path: layout.operator.config, content: operatorConfiguration(layout, settings), after: keepEdits },
  ];
  const written: string[] = [];
  for (const { path, content, after } of files) {
    const before = await readIfPresent(path);
    const wanted = before === undefined ? content : after(before, content, layout, settings);
    if (wanted === before) continue;
    await writeFileAtomic(path, wanted, { mode: 0o600 });
    written.push(path.slice(layout.root.length + 1));
  }
  return written;
}

export function identityConfiguration({ identity }: StateLayout, settings: Settings): string {
  const content = stringify({
    server: {
      listen_addr: `127.0.0.1:${settings.ports.identity}`,
      tls_cert: identity.certificate,
      tls_key: identity.key,
      issuer: identityUrl(settings),
    },
    database: { path: identity.database },
  });
  return generated + content;
}

export function metacryptConfiguration(layout: StateLayout, settings: Settings): string {
  const { metacrypt } = layout;
  const content = stringify({
    server: {
      listen_addr: `${loopback}:${settings.ports.metacrypt}`,
      grpc_addr: metacryptGrpcAddress(settings),
      tls_cert: metacrypt.certificate,
      tls_key: metacrypt.key,
      external_url: metacryptUrl(settings),
      http_addr: `${loopback}:${settings.ports.pki}`,
      pki_url: `http://${loopback}:${settings.ports.pki}`,
    },
    database: { path: metacrypt.database },
    mcias: { ...identityOf(layout, settings), service_name: "metacrypt" },
    seal: { unattended_key_file: metacrypt.unsealKey },
    acme: { resolver: `${loopback}:${settings.ports.dns}` },
    metrics: { listen: "" },
  });
  return generated + content;
}

export function nameServerConfiguration(layout: StateLayout, settings: Settings): string {
  const { nameServer } = layout;
  const content = stringify({
    server: {
      listen_addr: `${loopback}:${settings.ports.nameServer}`,
      grpc_addr: nameServerGrpcAddress(settings),
      tls_cert: nameServer.certificate,
      tls_key: nameServer.key,
    },
    dns: { listen: [`${loopback}:${settings.ports.dns}`] },
    database: { path: nameServer.database },
    mcias: identityOf(layout, settings),
    metrics: { listen: "" },
  });
  return generated + content;
}

export function proxyConfiguration({ proxy }: StateLayout, { ports }: Settings): string {
  const content = stringify({
    admin: { socket: proxy.socket, socket_mode: "0600" },
    database: { path: proxy.database },
    listen: { addresses: [loopback], ports: [ports.ingress], any_port: true },
    certificates: { directory: proxy.certificates },
    metrics: { listen: "", haproxy_listen: "" },
  });
  return generated + content;
}

export function registryConfiguration(layout: StateLayout, settings: Settings): string {
  const { registry } = layout;
  const content = stringify({
    server: {
      listen_addr: registryAddress(settings),
      grpc_addr: registryGrpcAddress(settings),
      tls_cert: registry.certificate,
      tls_key: registry.key,
      external_url: registryUrl(settings),
    },
    storage: { type: "file", directory: registry.storage },
    database: { path: registry.database },
    mcias: { ...identityOf(layout, settings), service_name: "mcr" },
    metrics: { listen: "" },
  });
  return generated + content;
}

export function agentConfiguration(layout: StateLayout, settings: Settings): string {
  const { agent, proxy, data, authorityCertificate } = layout;
  const content = stringify({
    server: { grpc_addr: agentAddress(settings), tls_cert: agent.certificate, tls_key: agent.key },
    database: { path: agent.database },
    mcias: { ...identityOf(layout, settings), service_name: "mcp-agent" },
    agent: {
      node_name: settings.node,
      container_runtime: "podman",
      services_dir: data,
      state_dir: agent.runtime,
    },
    reconcile: { enabled: true },
    mcproxy: { socket: proxy.socket, cert_dir: proxy.certificates },
    mcns: {
      address: nameServerGrpcAddress(settings),
      ca_cert: authorityCertificate,
      zone: settings.zone,
      node_address: loopback,
    },
    registry: { address: registryAddress(settings), ca_cert: authorityCertificate },
    ...(settings.acmeKeyId === "" ? {} : { acme: acmeOf(layout, settings) }),
    podman: { containers_conf: settings.podman.containersConf, storage_conf: settings.podman.storageConf },
  });
  return generated + content;
}

export function operatorConfiguration(layout: StateLayout, settings: Settings): string {
  const { operator, authorityCertificate } = layout;
  const content = stringify({
    services: { dir: operator.definitions },
    mcias: { server_url: identityUrl(settings), ca_cert: authorityCertificate, service_name: "mcp" },
    auth: { token_path: operator.token },
    tls: { ca_cert: authorityCertificate },
    nodes: [{ name: settings.node, address: agentAddress(settings) }],
    ...imagesOf(layout, settings),
  });
  return editable + content;
}

function imagesOf({ operator, authorityCertificate }: StateLayout, settings: Settings) {
  return {
    build: { workspace: operator.workspace },
    registry: { address: registryAddress(settings), ca_cert: authorityCertificate },
  };
}

/** Every service asks about tokens as the platform's own system account. */
function identityOf({ agent, authorityCertificate }: StateLayout, settings: Settings) {
  return {
    server_url: identityUrl(settings),
    ca_cert: authorityCertificate,
    token_path: agent.token,
  };
}

function acmeOf({ agent, authorityCertificate }: StateLayout, settings: Settings) {
  return {
    directory_url: acmeDirectoryUrl(settings),
    ca_cert: authorityCertificate,
    eab_key_id: settings.acmeKeyId,
    eab_key_path: agent.acmeKey,
    challenge: "dns-01",
  };
}

type Update = (before: string, content: string, layout: StateLayout, settings: Settings) => string;

const overwrite: Update = (_, content) => content;

/** The platform's own node is the first in the file; others may follow. Tables that an earlier version did not know are
 * added at its end. */
const keepEdits: Update = (before, _, layout, settings) => {
  const kept = before
    .replace(/^(\s*server_url\s*=\s*)"https:\/\/127\.0\.0\.1:\d+"/m, `$1"${identityUrl(settings)}"`)
    .replace(/^(\s*\[\[nodes\]\][^[]*?\baddress\s*=\s*)"127\.0\.0\.1:\d+"/m, `$1"${agentAddress(settings)}"`)
    .replace(
      /^(\s*\[registry\][^[]*?\baddress\s*=\s*)"127\.0\.0\.1:\d+"/m,
      `$1"${registryAddress(settings)}"`,
    );
  const images = Object.entries(imagesOf(layout, settings))
    .filter(([table]) => !new RegExp(`^\\s*\\[${table}\\]`, "m").test(kept))
    .map(([table, keys]) => `\n${stringify({ [table]: keys })}`);
  return kept + images.join("");
};
