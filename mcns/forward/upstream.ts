import type { Message } from "../wire/message.ts";
import type { ForwardQuestion } from "./question.ts";

/** A server that questions are passed on to. */
export interface Upstream extends AsyncDisposable {
  /** For logs and metrics: `192.0.2.1:53`, `tls://192.0.2.1:853`. */
  readonly name: string;
  /** Asks it, and resolves with a well-formed answer to exactly this question.
   * @throws UpstreamError when there is none
   * @throws the signal's reason when aborted */
  ask(question: ForwardQuestion, signal: AbortSignal): Promise<Message>;
}

/** No usable answer from an upstream server. */
export class UpstreamError extends Error {
  override readonly name = "UpstreamError";
}
