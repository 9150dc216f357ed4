import type { RepairCondition } from "./repair-condition.ts";

/** What the agent remembers of a component while it repairs it by itself, and some time after. */
export interface Repair {
  /** `waiting` for the next attempt; `watching` whether it now runs well; `given-up`; `finished`: it ended by itself
   * and is not to be started again. */
  readonly state: "waiting" | "watching" | "given-up" | "finished";
  /** What the first attempt was for. After a crash loop or a reboot it is repaired whether or not the service's
   * drift is. */
  readonly cause: "drift" | "crash-loop" | "reboot";
  /** Since it last ran well. */
  readonly attempts: number;
  /** What the last attempt failed by, or why it is stopped for now; may be empty. */
  readonly reason: string;
  /** The last lines its container printed before that. */
  readonly log: readonly string[];
  /** When the next attempt is due; 0: none is. */
  readonly nextAtMs: number;
  /** When it got into this state. */
  readonly sinceMs: number;
}

export interface RepairRules {
  /** Before the first attempt; doubled with each further one. */
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** Share by which a delay is made shorter or longer at random, 0 to 1. */
  readonly jitter: number;
  readonly giveUpAfter: number;
  /** It runs well once it has run for so long. */
  readonly wellAfterMs: number;
}

/** A look at a component. */
export interface RepairSighting {
  readonly atMs: number;
  readonly condition: RepairCondition;
  /** A run of it ended since the last look. */
  readonly ended: boolean;
  /** It ends again and again, and the runtime starts it each time. The caller stops it. */
  readonly looping: boolean;
  /** The first look since the machine was started. */
  readonly afterReboot: boolean;
  /** Whether drift of its service is repaired. */
  readonly mayRepair: boolean;
  /** At least 0 and below 1. */
  readonly random: number;
}

/** How an attempt ended. `postponed`: it was not carried out, for reasons that are none of the component's. */
export type RepairOutcome =
  | { readonly kind: "succeeded" | "postponed" }
  | {
      readonly kind: "failed";
      readonly reason: string;
      readonly log: readonly string[];
      /** It ended right after its start, and the runtime goes on starting it. */
      readonly looping: boolean;
    };

/** Time before an attempt after so many others, between `firstDelayMs` and `maxDelayMs`, jitter aside. */
export function repairDelayMs(attempts: number, rules: RepairRules, random: number): number {
  const { firstDelayMs, maxDelayMs, jitter } = rules;
  const delayMs = Math.min(maxDelayMs, firstDelayMs * 2 ** attempts);
  return Math.round(delayMs * (1 + jitter * (2 * random - 1)));
}

/** What a look at a component makes of what was remembered of it; undefined: there is nothing to remember. Pure. */
export function afterSighting(
  repair: Repair | undefined,
  sighting: RepairSighting,
  rules: RepairRules,
): Repair | undefined {
  const { atMs, condition } = sighting;
  if (sighting.looping) {
    return nextAttempt({ ...(repair ?? forgotten), cause: "crash-loop" }, sighting, rules);
  }
  if (sighting.afterReboot && repair?.state !== "finished") {
    if (condition === "as-desired") return undefined;
    if (condition === "drifting") {
      return { ...forgotten, state: "waiting", cause: "reboot", nextAtMs: atMs, sinceMs: atMs };
    }
  }
  switch (condition) {
    case "unknown":
      return repair;
    case "as-desired":
      return repair && whileAsDesired(repair, sighting, rules);
    case "finished":
      return repair !== undefined && (repair.state === "finished" || isHeldBack(repair))
        ? repair
        : { ...forgotten, state: "finished", sinceMs: atMs };
    case "drifting":
      return whileDrifting(repair, sighting, rules);
  }
}

/** What is left of it once somebody else was at work on the service: what runs as it should is forgotten; what has to
 * be brought back whether or not drift is repaired still has to, as if no attempt had been made. Pure. */
export function begunAnew(
  repair: Repair,
  now: { atMs: number; random: number; condition: RepairCondition },
  rules: RepairRules,
): Repair | undefined {
  const { state, cause, attempts, sinceMs } = repair;
  if (now.condition === "as-desired" || state === "finished" || cause === "drift") return undefined;
  // Many looks must not put it off again and again.
  if (state === "waiting" && attempts === 0) return repair;
  return { ...nextAttempt({ ...forgotten, cause }, now, rules), sinceMs };
}

/** What an attempt makes of it. Pure. */
export function afterAttempt(
  repair: Repair,
  outcome: RepairOutcome,
  now: { atMs: number; random: number },
  rules: RepairRules,
): Repair {
  const { atMs } = now;
  const attempts = repair.attempts + 1;
  switch (outcome.kind) {
    case "postponed":
      return { ...repair, nextAtMs: atMs + rules.firstDelayMs };
    case "succeeded":
      return { ...repair, state: "watching", attempts, nextAtMs: 0, sinceMs: atMs };
    case "failed": {
      const { reason, log, looping } = outcome;
      const cause = looping ? "crash-loop" : repair.cause;
      return nextAttempt({ ...repair, attempts, cause, reason, log }, now, rules);
    }
  }
}

/** Whether its drift is told of by the repair itself: a crash loop is, and so is what is being brought back after a
 * reboot, until an attempt at that fails. */
export function explainsDrift({ state, cause, attempts }: Repair): boolean {
  switch (cause) {
    case "crash-loop":
      return state === "waiting" || state === "given-up";
    case "reboot":
      return state === "waiting" && attempts === 0;
    case "drift":
      return false;
  }
}

const forgotten: Repair = {
  state: "waiting",
  cause: "drift",
  attempts: 0,
  reason: "",
  log: [],
  nextAtMs: 0,
  sinceMs: 0,
};

function nextAttempt(
  repair: Repair,
  { atMs, random }: { atMs: number; random: number },
  rules: RepairRules,
): Repair {
  if (repair.attempts >= rules.giveUpAfter) {
    return { ...repair, state: "given-up", nextAtMs: 0, sinceMs: atMs };
  }
  const nextAtMs = atMs + repairDelayMs(repair.attempts, rules, random);
  return { ...repair, state: "waiting", nextAtMs, sinceMs: atMs };
}

function whileAsDesired(
  repair: Repair,
  { atMs, ended }: RepairSighting,
  { wellAfterMs }: RepairRules,
): Repair | undefined {
  if (repair.state === "finished") return undefined;
  if (repair.state !== "watching") {
    const isNew = repair.attempts === 0 && repair.cause !== "crash-loop";
    return isNew ? undefined : { ...repair, state: "watching", nextAtMs: 0, sinceMs: atMs };
  }
  if (ended) return { ...repair, sinceMs: atMs };
  return atMs - repair.sinceMs >= wellAfterMs ? undefined : repair;
}

function whileDrifting(
  repair: Repair | undefined,
  sighting: RepairSighting,
  rules: RepairRules,
): Repair | undefined {
  // Whatever becomes of its container afterwards: its work is done.
  if (repair?.state === "finished") return repair;
  if (!sighting.mayRepair && (repair === undefined || repair.cause === "drift")) return undefined;
  if (repair === undefined) return nextAttempt({ ...forgotten, cause: "drift" }, sighting, rules);
  // A clock that was set back must not put it off.
  const isTooFar = repair.nextAtMs - sighting.atMs > rules.maxDelayMs * (1 + rules.jitter);
  return repair.state === "watching" || isTooFar ? nextAttempt(repair, sighting, rules) : repair;
}

/** Stopped by the brake, which may look like an end of its own. */
function isHeldBack({ state, cause }: Repair): boolean {
  return cause === "crash-loop" && (state === "waiting" || state === "given-up");
}
