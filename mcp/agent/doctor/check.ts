import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { SnapshotDirectory } from "@metacircular/mcdsl/database/snapshot-directory.ts";
import type { Judgement } from "@metacircular/mcp-core/doctor/finding.ts";
import type { LockHolder } from "../deploy/locks.ts";
import type { Edge } from "../edge/edge.ts";
import type { ImageRegistry } from "../images/image-registry.ts";
import type { Registry } from "../registry/registry.ts";
import type { Runtime, RuntimeInfo } from "../runtime/runtime.ts";

/** What a diagnosis looks at. It reads only. */
export interface Patient {
  readonly node: string;
  /** The user that the agent runs as. */
  readonly user: { readonly id: number; readonly name: string };
  readonly files: {
    /** Empty: not known. */
    readonly config: string;
    readonly database: string;
    readonly certificate: string;
    readonly key: string;
    /** The agent's own token. */
    readonly token: string;
  };
  readonly directories: { readonly services: string; readonly state: string };
  readonly snapshots: SnapshotDirectory;
  readonly issuer: string;
  /** Program and arguments; empty: none. */
  readonly alertCommand: readonly string[];
  readonly path: string;
  readonly registry: Registry;
  readonly runtime: Runtime;
  /** Undefined: the agent looks after none. */
  readonly edge: Edge | undefined;
  /** That the agent logs in to: `check` rejects where it cannot be reached or does not take the login. Undefined: it
   * logs in to none. */
  readonly imageRegistry: Pick<ImageRegistry, "address" | "check"> | undefined;
  /** How the runtime is set up, asked once per diagnosis, and how long it took to tell. */
  readonly runtimeInfo: () => Promise<{ readonly info: RuntimeInfo; readonly tookMs: number }>;
  /** Asks the identity provider about a token; rejects where it is not good. */
  readonly verifyToken: (token: string, signal: AbortSignal) => Promise<unknown>;
  readonly lockHolder: (service: string) => LockHolder | undefined;
  readonly clock: Clock;
  /** How far the clock was moved since the agent started, in milliseconds. */
  readonly clockMovedMs: () => number;
}

/** One thing that can be wrong with a node. */
export interface Check {
  /** Stable; part of the API. */
  readonly name: string;
  /** Rejects, or takes too long: then nothing is known. */
  readonly run: (
    patient: Patient,
    signal: AbortSignal,
  ) => Promise<readonly Judgement[]> | readonly Judgement[];
}
