import type { ServerResponse } from "node:http";
import type { Answer } from "./answer.ts";
import { tooBusy } from "./errors.ts";

/** Smaller ones are not worth to be counted: the number of connections bounds them. */
const leastBytes = 64 * 1024;

/** Bounds what answers in memory take together, until their clients have taken them: some do that slowly. Blobs are
 * streamed. @throws DetailedError REGISTRY_BUSY */
export type HoldAnswer = (response: Pick<ServerResponse, "once">, answer: Answer) => void;

export function createAnswerBound(maxBytesAtOnce: number): HoldAnswer {
  let bytesAtOnce = 0;
  return (response, { body }) => {
    if (!(body instanceof Uint8Array) || body.length < leastBytes) return;
    if (bytesAtOnce + body.length > maxBytesAtOnce) throw tooBusy("send the answer");
    bytesAtOnce += body.length;
    response.once("close", () => (bytesAtOnce -= body.length));
  };
}
