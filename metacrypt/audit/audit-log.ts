/** What was done or refused. Nothing in it may be a secret: it is stored in clear. */
export interface AuditEntry {
  /** Who: the account's name, `acme:<account id>`, `cli:<user>`, `anonymous`. */
  readonly actor: string;
  /** What: `<engine>/<verb>` or `system/<verb>`, e.g. `ca/issue`. */
  readonly operation: string;
  /** Name of the mount, where there is one. */
  readonly mount?: string;
  /** On what, e.g. a serial number or names. */
  readonly subject?: string;
  /** Default: done. */
  readonly outcome?: "done" | "refused" | "failed";
  /** Further facts by name, e.g. the code of the error. */
  readonly facts?: Readonly<Record<string, string>>;
}

/** Fails closed: what cannot be written down does not happen. Both throw DetailedError AUDIT_UNAVAILABLE then. */
export interface AuditLog {
  /** Runs `work` in one transaction with its entry: both are stored durably, or neither. For everything that changes
   * records; do what is asynchronous before. `entry` may depend on what `work` returns. */
  change<T>(entry: AuditEntry | ((result: T) => AuditEntry), work: () => T): T;
  /** Writes an entry that is durable on return: of a read, before its answer leaves; of a refusal. */
  record(entry: AuditEntry): void;
}
