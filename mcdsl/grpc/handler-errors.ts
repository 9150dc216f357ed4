import { Code, ConnectError, createContextKey, type Interceptor } from "@connectrpc/connect";
import type { Call } from "./audit.ts";
import { toConnectError } from "./errors.ts";
import { untilAborted } from "./until-aborted.ts";

/** Under this key the values of a call's context hold what is known of it. */
export const callKey = createContextKey<Call | undefined>(undefined, { description: "call" });

/** Turns what the implementations throw into what callers get, and keeps it for the log. Streams that send end
 * as UNAVAILABLE when `stopping` is aborted; their implementation sees its signal aborted. */
export function translateErrors(stopping: AbortSignal): Interceptor {
  return (next) => async (request) => {
    const call = request.contextValues.get(callKey);
    const fail = (error: unknown): ConnectError => {
      if (call !== undefined) call.failure ??= error;
      return toConnectError(error);
    };
    try {
      const response = await next(request);
      const sends =
        response.method.methodKind === "server_streaming" || response.method.methodKind === "bidi_streaming";
      if (!response.stream) return response;
      const message = sends ? untilAborted(response.message, stopping) : response.message;
      return { ...response, message: translated(message, fail) };
    } catch (error) {
      throw fail(error);
    }
  };
}

async function* translated<T>(
  messages: AsyncIterable<T>,
  fail: (error: unknown) => ConnectError,
): AsyncGenerator<T> {
  try {
    yield* messages;
  } catch (error) {
    throw fail(error);
  }
}

/** Why calls end when a server stops. */
export function serverStopping(): ConnectError {
  return new ConnectError("the server is stopping; try again", Code.Unavailable);
}
