import { userInfo } from "node:os";
import type { TokenVerifier } from "@metacircular/mcdsl/auth/identity.ts";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Finding } from "@metacircular/mcp-core/doctor/finding.ts";
import { registrySnapshots } from "../commands/snapshot-directory.ts";
import type { AgentConfig } from "../config.ts";
import type { ServiceLocks } from "../deploy/locks.ts";
import type { Edge } from "../edge/edge.ts";
import type { ImageRegistry } from "../images/image-registry.ts";
import type { Registry } from "../registry/registry.ts";
import type { Runtime, RuntimeInfo } from "../runtime/runtime.ts";
import type { Patient } from "./check.ts";
import { checks } from "./checks.ts";
import { diagnose } from "./diagnose.ts";

/** Finds out what is wrong with the node. */
export type Diagnosis = (signal: AbortSignal) => Promise<Finding[]>;

/** Prepares the diagnosis when the agent starts: that is what jumps of the clock are measured from. */
export function createDiagnosis(options: {
  readonly config: AgentConfig;
  /** Empty: not known. */
  readonly configFile: string;
  readonly stateDirectory: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly registry: Registry;
  readonly runtime: Runtime;
  readonly verifier: TokenVerifier;
  readonly locks: ServiceLocks;
  readonly edge: Edge | undefined;
  readonly imageRegistry: ImageRegistry | undefined;
  readonly clock: Clock;
}): Diagnosis {
  const { config, registry, runtime, verifier, locks, edge, imageRegistry, clock } = options;
  const offsetMs = clock.now() - performance.now();
  const patient: Omit<Patient, "runtimeInfo"> = {
    node: config.agent.node_name,
    user: currentUser(),
    files: {
      config: options.configFile,
      database: config.database.path,
      certificate: config.server.tls_cert,
      key: config.server.tls_key,
      token: config.mcias.token_path,
    },
    directories: { services: config.agent.services_dir, state: options.stateDirectory },
    snapshots: registrySnapshots(config),
    issuer: config.mcias.server_url,
    alertCommand: config.monitor.alert_command,
    path: options.environment["PATH"] ?? "",
    registry,
    runtime,
    edge,
    imageRegistry,
    verifyToken: (token, signal) => verifier.verify(token, signal),
    lockHolder: (service) => locks.holder(service),
    clock,
    clockMovedMs: () => clock.now() - performance.now() - offsetMs,
  };
  return (signal) => {
    let asked: ReturnType<Patient["runtimeInfo"]> | undefined;
    const runtimeInfo: Patient["runtimeInfo"] = () => (asked ??= timed(runtime.info(signal)));
    return diagnose(checks, { ...patient, runtimeInfo }, signal);
  };
}

async function timed(asked: Promise<RuntimeInfo>): Promise<{ info: RuntimeInfo; tookMs: number }> {
  const askedAtMs = performance.now();
  const info = await asked;
  return { info, tookMs: performance.now() - askedAtMs };
}

function currentUser(): Patient["user"] {
  const id = process.getuid?.() ?? 0;
  try {
    return { id, name: userInfo().username };
  } catch {
    // A user that the system has no entry for.
    return { id, name: String(id) };
  }
}
