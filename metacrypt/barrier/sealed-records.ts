/** Records that are encrypted at rest. The path is part of what is authenticated, so that rows cannot be swapped.
 * Paths are parts of `[a-z0-9._-]` and the like, joined by `/`. Every call throws DetailedError `SEALED` while the
 * service is sealed. Calls are synchronous: one process owns the file. */
export interface SealedRecords {
  /** Undefined when there is none. */
  get(path: string): Uint8Array | undefined;
  put(path: string, value: Uint8Array): void;
  /** Whether there was one. */
  delete(path: string): boolean;
  /** Paths that begin with the prefix, sorted; those after `after` where it is given.
   * @param options.limit at most so many; default 1,000 */
  list(prefix: string, options?: { readonly after?: string; readonly limit?: number }): string[];
  /** All changes in `work` are stored, or none. Nested calls belong to the outermost. */
  transaction<T>(work: () => T): T;
  /** The records below a path, seen as if it were the root. */
  under(prefix: string): SealedRecords;
}
