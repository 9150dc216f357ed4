/** How wrong passwords slow an account down. All durations in milliseconds. */
export interface LockPolicy {
  /** Wrong passwords in a row that cost nothing. */
  readonly freeAttempts: number;
  /** The wait after the first attempt that isn't free; doubles with each further one. */
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** After this long without a wrong password the count starts again. */
  readonly forgetAfterMs: number;
}

export interface Failures {
  readonly count: number;
  readonly lastAtMs: number;
}

/** How long after its last wrong password an account refuses to look at another one. */
export function lockDelayMs(failures: number, policy: LockPolicy): number {
  const costly = failures - policy.freeAttempts;
  if (costly <= 0) return 0;
  return Math.min(policy.firstDelayMs * 2 ** Math.min(costly - 1, 40), policy.maxDelayMs);
}

/** Time left until the account may try again; 0 when it may now. */
export function lockedForMs(failures: Failures, policy: LockPolicy, nowMs: number): number {
  return Math.max(0, failures.lastAtMs + lockDelayMs(failures.count, policy) - nowMs);
}

/** The failures after one more wrong password. */
export function oneMoreFailure(before: Failures | undefined, policy: LockPolicy, nowMs: number): Failures {
  const stale = before === undefined || nowMs - before.lastAtMs >= policy.forgetAfterMs;
  return { count: stale ? 1 : before.count + 1, lastAtMs: nowMs };
}
