/** The code of what failed below us, such as `ENOENT` or `ECONNREFUSED`: the first one of the error, its causes, and the
 * errors it aggregates. Empty: there is none. */
export function systemCodeOf(thrown: unknown): string {
  const seen = new Set<unknown>();
  const pending: unknown[] = [thrown];
  for (let error = pending.shift(); error instanceof Error; error = pending.shift()) {
    if (seen.has(error)) continue;
    seen.add(error);
    if ("code" in error && typeof error.code === "string") return error.code;
    pending.push(error.cause);
    if (error instanceof AggregateError) pending.push(...(error.errors as unknown[]));
  }
  return "";
}
