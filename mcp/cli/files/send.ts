import { createHash } from "node:crypto";

import type { MessageInitShape } from "@bufbuild/protobuf";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type {
  UploadFileRequestSchema,
  UploadFileResponse,
  UploadFileStart,
} from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import type { Context } from "../context.ts";
import type { Source } from "./source.ts";
import { untilStalled } from "./stalled.ts";
import { TransferProgress } from "./transfer-progress.ts";

type Message = MessageInitShape<typeof UploadFileRequestSchema>;
type Start = Pick<UploadFileStart, "service" | "path" | "mode">;

/** Sends the source to a node, with its progress on a terminal.
 * @throws DetailedError those of the agent and of the source, FILE_CORRUPTED, FILE_TRANSFER_STALLED */
export async function sendFile(
  context: Context,
  node: string,
  source: Source,
  start: Start,
): Promise<UploadFileResponse> {
  const { nodes, output, invocation } = context;
  const progress = new TransferProgress(output, invocation.clock, source.sizeBytes);
  const hash = createHash("sha256");
  const sent: { sha256?: Buffer; failure?: unknown } = {};
  async function* messages(moved: () => void): AsyncGenerator<Message> {
    const fields = { ...start, sizeBytes: BigInt(source.sizeBytes), newMode: source.mode };
    yield { part: { case: "start", value: fields } };
    try {
      for await (const chunk of source.content()) {
        hash.update(chunk);
        yield { part: { case: "chunk", value: chunk } };
        moved();
        progress.advance(chunk.length);
      }
    } catch (failure) {
      sent.failure = failure;
      throw failure;
    }
    sent.sha256 = hash.digest();
    yield { part: { case: "end", value: { sha256: sent.sha256 } } };
  }
  try {
    const response = await nodes.call(node, (agent, signal) =>
      untilStalled(invocation.clock, signal, (moved, ending) =>
        agent.uploadFile(messages(moved), { signal: ending }),
      ),
    );
    if (sent.sha256?.equals(response.sha256) !== true) throw wrongAnswer(node, response.path);
    return response;
  } catch (thrown) {
    throw sent.failure ?? thrown;
  } finally {
    progress.end();
  }
}

/** What sending it would do. */
export function previewSend(
  { nodes }: Context,
  node: string,
  source: Source,
  start: Start,
): Promise<UploadFileResponse> {
  const fields = { ...start, sizeBytes: BigInt(source.sizeBytes), newMode: source.mode, dryRun: true };
  async function* messages(): AsyncGenerator<Message> {
    yield { part: { case: "start", value: fields } };
  }
  return nodes.call(node, (agent, signal) => agent.uploadFile(messages(), { signal, timeoutMs: previewMs }));
}

const previewMs = 15_000;

function wrongAnswer(node: string, path: string): DetailedError {
  return new DetailedError({
    code: "FILE_CORRUPTED",
    category: "internal",
    attempted: "push",
    subject: `${node}:${path}`,
    found: "the node has written something else: the SHA-256 sums differ",
    remedy: "push it again, and look at the node's disk and memory",
  });
}
