import { writeFileAtomic } from "@metacircular/mcdsl/files/write-atomic.ts";
import { stringify } from "smol-toml";
import { agentAddress, identityUrl } from "../platform.ts";
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
    { path: layout.agent.config, content: agentConfiguration(layout, settings), after: overwrite },
    { path: layout.operator.config, content: operatorConfiguration(layout, settings), after: keepEdits },
  ];
  const written: string[] = [];
  for (const { path, content, after } of files) {
    const before = await readIfPresent(path);
    const wanted = before === undefined ? content : after(before, content, settings);
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

export function agentConfiguration(layout: StateLayout, settings: Settings): string {
  const { agent, data, authorityCertificate } = layout;
  const content = stringify({
    server: { grpc_addr: agentAddress(settings), tls_cert: agent.certificate, tls_key: agent.key },
    database: { path: agent.database },
    mcias: {
      server_url: identityUrl(settings),
      ca_cert: authorityCertificate,
      service_name: "mcp-agent",
      token_path: agent.token,
    },
    agent: {
      node_name: settings.node,
      container_runtime: "podman",
      services_dir: data,
      state_dir: agent.runtime,
    },
    reconcile: { enabled: true },
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
  });
  return editable + content;
}

type Update = (before: string, content: string, settings: Settings) => string;

const overwrite: Update = (_, content) => content;

/** The platform's own node is the first in the file; others may follow. */
const keepEdits: Update = (before, _, settings) =>
  before
    .replace(/^(\s*server_url\s*=\s*)"https:\/\/127\.0\.0\.1:\d+"/m, `$1"${identityUrl(settings)}"`)
    .replace(/^(\s*address\s*=\s*)"127\.0\.0\.1:\d+"/m, `$1"${agentAddress(settings)}"`);
