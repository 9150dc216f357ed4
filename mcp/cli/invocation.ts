import type { Environment } from "@metacircular/mcdsl/config/overrides.ts";
import type { Clock } from "@metacircular/mcdsl/clock.ts";

/** A stream that text goes to. */
export interface TextStream extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** All that a command takes from the process it runs in. */
export interface Invocation {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly environment: Environment;
  readonly clock: Clock;
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal;
  /** Lets Ctrl-C be somebody else's until it is disposed: of a program that the terminal is lent to. */
  readonly holdInterrupts: () => Disposable;
  /** What the process will exit with. */
  exitCode: number;
}
