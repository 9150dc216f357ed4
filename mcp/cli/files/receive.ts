import { createHash } from "node:crypto";

import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type {
  DownloadFileRequest,
  DownloadFileResponse,
  DownloadFileStart,
} from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import type { Context } from "../context.ts";
import { untilStalled } from "./stalled.ts";
import type { Destination } from "./destination.ts";
import { TransferProgress } from "./transfer-progress.ts";

type Request = Pick<DownloadFileRequest, "service" | "path">;

/** What was received, or what would be. */
export interface Received {
  readonly start: DownloadFileStart;
  readonly sha256: Uint8Array;
}

/** Receives a file from a node, with its progress on a terminal. Only what is complete and right is kept.
 * @throws DetailedError those of the agent and the destination, FILE_CORRUPTED, FILE_TRANSFER_STALLED */
export async function receiveFile(
  context: Context,
  node: string,
  request: Request,
  destination: Destination,
): Promise<Received> {
  const { nodes, invocation } = context;
  return nodes.call(node, (agent, signal) =>
    untilStalled(invocation.clock, signal, async (moved, ending) => {
      const parts = agent.downloadFile(request, { signal: ending })[Symbol.asyncIterator]();
      const start = startOf(await parts.next());
      const progress = new TransferProgress(context.output, invocation.clock, Number(start.sizeBytes));
      try {
        await using writing = await destination.open(start.mode);
        const received = await receiveContent(
          { [Symbol.asyncIterator]: () => parts },
          start,
          async (chunk) => {
            await writing.write(chunk);
            moved();
            progress.advance(chunk.length);
          },
        );
        await writing.finish();
        return received;
      } finally {
        progress.end();
      }
    }),
  );
}

/** What receiving it would bring. */
export async function previewReceive(
  { nodes }: Context,
  node: string,
  request: Request,
): Promise<DownloadFileStart> {
  return nodes.call(node, async (agent, signal) => {
    const seen = new AbortController();
    const calling = agent.downloadFile(request, { signal: AbortSignal.any([signal, seen.signal]) });
    try {
      return startOf(await calling[Symbol.asyncIterator]().next());
    } finally {
      seen.abort();
    }
  });
}

async function receiveContent(
  parts: AsyncIterable<DownloadFileResponse>,
  start: DownloadFileStart,
  write: (chunk: Uint8Array) => Promise<void>,
): Promise<Received> {
  const hash = createHash("sha256");
  let missingBytes = Number(start.sizeBytes);
  for await (const { part } of parts) {
    if (part.case === "chunk") {
      missingBytes -= part.value.length;
      if (missingBytes < 0) throw corrupted(start, "more came than was announced");
      hash.update(part.value);
      await write(part.value);
    } else if (part.case === "end") {
      if (missingBytes > 0) throw corrupted(start, "less came than was announced");
      const sha256 = hash.digest();
      if (!sha256.equals(part.value.sha256)) throw corrupted(start, "the SHA-256 sums differ");
      return { start, sha256 };
    }
  }
  throw corrupted(start, "it stopped before its end");
}

function startOf({ done, value }: IteratorResult<DownloadFileResponse, unknown>): DownloadFileStart {
  if (done !== true && value.part.case === "start") return value.part.value;
  throw corrupted({ path: "" }, "the node sent something else");
}

function corrupted({ path }: Pick<DownloadFileStart, "path">, found: string): DetailedError {
  return new DetailedError({
    code: "FILE_CORRUPTED",
    category: "internal",
    attempted: "pull",
    subject: path,
    found,
    remedy: "pull it again; what you had is untouched",
  });
}
