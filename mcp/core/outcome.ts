/** How an operation as a whole ended. */
export type OperationOutcome = "succeeded" | "unchanged" | "partly-failed" | "restored" | "failed";

/** How it ended for one component. `restored`: it failed and the previous version runs. `failed`: it
 * failed and there was no previous version that could run. */
export type ComponentOutcome = "changed" | "unchanged" | "restored" | "failed" | "skipped";

export interface ComponentResult {
  /** The service's name stands for what concerns the service as a whole. */
  readonly component: string;
  readonly outcome: ComponentOutcome;
  /** Set where the outcome is `restored` or `failed`. */
  readonly failure?: Failure | undefined;
  /** What could not be done yet at the edge, and is tried again until it is. */
  readonly pending?: readonly PendingEffect[] | undefined;
}

/** A certificate, route or record that is not as it should be. */
export interface PendingEffect {
  /** A noun phrase, e.g. `route hello.example.net:443`. */
  readonly effect: string;
  readonly code: string;
  readonly reason: string;
  readonly sinceMs: number;
}

/** An error as it is stored and sent. */
export interface Failure {
  readonly code: string;
  readonly attempted: string;
  readonly subject: string;
  readonly found: string;
  readonly remedy: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly output: readonly string[];
}

/** The outcome that the results of its components add up to. `restored` promises that every component that
 * failed runs its previous version. `didSomething`: there were steps, if only for the service as a whole. */
export function outcomeOf(results: readonly ComponentResult[], didSomething: boolean): OperationOutcome {
  const has = (outcome: ComponentOutcome) => results.some((result) => result.outcome === outcome);
  if (has("failed")) return has("changed") ? "partly-failed" : "failed";
  if (has("restored")) return has("changed") ? "partly-failed" : "restored";
  return has("changed") || didSomething ? "succeeded" : "unchanged";
}
