import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Grants } from "../access/access.ts";
import type { Registry } from "../registry/registry.ts";
import type { ReadManifest } from "./request-body.ts";

/** A request that may be served, with what serving it takes. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  readonly grants: Grants;
  /** Aborted when the client went away. */
  readonly signal: AbortSignal;
  readonly registry: Registry;
  readonly readManifest: ReadManifest;
  readonly idleTimeoutMs: number;
  readonly clock: Clock;
  /** For the audit and the log; the last call of each field counts. */
  note(known: Note): void;
  received(bytes: number): void;
}

export interface Note {
  /** Instead of what the table of endpoints says. */
  readonly action?: "mount-blob" | "push-blob";
  readonly reference?: string;
  readonly digest?: string;
  /** e.g. what a tag stood for before. */
  readonly detail?: string;
}
