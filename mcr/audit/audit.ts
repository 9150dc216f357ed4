import type { Caller } from "../access/access.ts";

export type AuditAction =
  | "push-manifest"
  | "push-blob"
  | "mount-blob"
  | "pull-manifest"
  | "delete-manifest"
  | "delete-tag"
  | "delete-blob"
  | "delete-repository"
  | "issue-token"
  | "login"
  | "change-rules"
  | "collect-garbage";

/** What was done, or refused. */
export interface AuditEntry {
  readonly action: AuditAction;
  readonly outcome: "ok" | "denied" | "failed";
  readonly caller: Pick<Caller, "kind" | "name">;
  /** Of the client. */
  readonly address: string;
  /** Empty: it is about none. */
  readonly repository: string;
  /** Tag or digest as the client named it. */
  readonly reference: string;
  readonly digest: string;
  /** e.g. the error code of what failed, what a tag stood for before. */
  readonly detail: string;
}

/** An entry and when it came to be. */
export interface TimedEntry extends AuditEntry {
  readonly atMs: number;
}

/** Writes down what happens to content. It never makes the request wait for the disk: entries are written in batches,
 * in order, and bounded in number; what had to be dropped is counted and said. */
export interface Audit {
  record(entry: AuditEntry): void;
}
