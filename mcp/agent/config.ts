import {
  duration,
  filePath,
  listenAddress,
  loopbackAddress,
  networks,
} from "@metacircular/mcdsl/config/fields.ts";
import { logLevels } from "@metacircular/mcdsl/log/logger.ts";
import { snapshotSettings } from "@metacircular/mcdsl/config/snapshot-settings.ts";
import { z } from "zod";
import { registrySettings } from "./images/config.ts";
import { acmeSettings, mcnsSettings, mcproxySettings } from "./edge/config.ts";

/** A duration that is not zero. */
const positiveDuration = () => duration().refine((durationMs) => durationMs > 0, "must be longer than 0s");

/** The agent's configuration file. Environment variables named `MCP_AGENT_<SECTION>_<FIELD>` override it. */
export const agentConfigSchema = z.strictObject({
  server: z.strictObject({
    grpc_addr: listenAddress(),
    tls_cert: filePath(),
    tls_key: filePath(),
    /** Networks of proxies whose connections all begin with a header of the PROXY protocol. */
    proxy_protocol_from: networks(),
  }),
  database: z.strictObject({ path: filePath() }),
  mcias: z.strictObject({
    server_url: z.url(),
    ca_cert: z.string().default(""),
    service_name: z.string().default("mcp-agent"),
    /** File with the token of the agent's own system account. */
    token_path: filePath(),
  }),
  agent: z.strictObject({
    node_name: z.string().min(1),
    container_runtime: z.literal("podman").default("podman"),
    services_dir: filePath().default("/srv"),
    /** Sockets and the like; default: beside the database. */
    state_dir: z.string().default(""),
    /** Holds another text after each start of the machine. */
    boot_id_path: filePath().default("/proc/sys/kernel/random/boot_id"),
  }),
  podman: z
    .strictObject({
      /** Default: the system's own socket, else one that the agent serves itself. */
      socket: z.string().default(""),
      containers_conf: z.string().default(""),
      storage_conf: z.string().default(""),
    })
    .prefault({}),
  monitor: z
    .strictObject({
      interval: positiveDuration().prefault("60s"),
      alert_command: z.array(z.string()).default([]),
      cooldown: duration().prefault("15m"),
      flap_threshold: z.int().min(1).default(3),
      flap_window: duration().prefault("10m"),
      retention: duration().prefault("30d"),
      /** Bounds the registry's file where events come faster than one a second. */
      max_events: z.int().min(1_000).max(100_000_000).default(3_000_000),
    })
    .prefault({}),
  metrics: z
    .strictObject({
      /** Prometheus' `/metrics` over HTTP; empty: nowhere. */
      listen: loopbackAddress().prefault("127.0.0.1:9445"),
    })
    .prefault({}),
  reconcile: z
    .strictObject({
      enabled: z.boolean().default(false),
      brake: z.boolean().default(true),
      first_delay: positiveDuration().prefault("1s"),
      max_delay: positiveDuration().prefault("5m"),
      jitter: z.number().min(0).max(0.5).default(0.2),
      give_up_after: z.int().min(1).max(1_000).default(20),
      well_after: positiveDuration().prefault("10m"),
    })
    .refine(({ first_delay, max_delay }) => first_delay <= max_delay, {
      path: ["max_delay"],
      message: "must not be shorter than first_delay",
    })
    .prefault({}),
  mcproxy: mcproxySettings,
  acme: acmeSettings,
  mcns: mcnsSettings,
  registry: registrySettings,
  snapshot: snapshotSettings,
  log: z.strictObject({ level: z.enum(logLevels).default("info") }).prefault({}),
});

export type AgentConfig = z.output<typeof agentConfigSchema>;
export const environmentPrefix = "MCP_AGENT";
