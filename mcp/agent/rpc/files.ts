import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { callerOf } from "@metacircular/mcdsl/grpc/caller.ts";
import { untilAborted } from "@metacircular/mcdsl/grpc/until-aborted.ts";
import type {
  DownloadFileResponseSchema,
  McpAgent,
  UploadFileRequest,
  UploadFileStart,
} from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import type { Files, PushRequest } from "../files/files.ts";
import { pullWhole, pushWhole } from "../files/whole-file.ts";
import type { RpcContext } from "./rpc-context.ts";

type Methods = Pick<ServiceImpl<typeof McpAgent>, "pushFile" | "pullFile" | "uploadFile" | "downloadFile">;
type DownloadResponse = MessageInitShape<typeof DownloadFileResponseSchema>;

/** Permissions of new files for which the caller names none. */
const defaultMode = 0o644;

export function filesMethods({ files }: Pick<RpcContext, "files">): Methods {
  return {
    async pushFile({ service, path, content, mode }, context) {
      const permissions = { mode: mode === 0 ? undefined : mode, newMode: defaultMode };
      try {
        const request = { service, path, sizeBytes: content.length, ...permissions };
        await pushWhole(files, request, content, callerOf(context).name);
        return { success: true };
      } catch (error) {
        return { success: false, error: messageFor(error) };
      }
    },

    async pullFile({ service, path }, context) {
      try {
        return await pullWhole(files, { service, path }, callerOf(context).name);
      } catch (error) {
        return { error: messageFor(error) };
      }
    },

    uploadFile: (requests, context) => upload(files, requests, context),

    async *downloadFile({ service, path }, context): AsyncGenerator<DownloadResponse> {
      await using pull = await files.pull({ service, path }, callerOf(context).name);
      const { sizeBytes, mode, modifiedMs } = pull;
      const start = {
        sizeBytes: BigInt(sizeBytes),
        mode,
        modified: timestampFromMs(modifiedMs),
        path: pull.path,
      };
      yield { part: { case: "start", value: start } };
      for (let chunk = await pull.read(); chunk !== undefined; chunk = await pull.read()) {
        yield { part: { case: "chunk", value: chunk } };
      }
      yield { part: { case: "end", value: { sha256: await pull.finish() } } };
    },
  };
}

async function upload(files: Files, requests: AsyncIterable<UploadFileRequest>, context: HandlerContext) {
  const parts = requests[Symbol.asyncIterator]();
  const first = await parts.next();
  if (first.done === true || first.value.part.case !== "start")
    throw wrongOrder("it does not begin with its start");
  const start = first.value.part.value;
  const request = decodeStart(start);
  if (start.dryRun) {
    const { sizeBytes, ...preview } = await files.preview(request);
    return { ...preview, sizeBytes: BigInt(sizeBytes) };
  }
  await using push = await files.push(request, callerOf(context).name);
  const signal = AbortSignal.any([push.signal, context.signal]);
  for await (const { part } of untilAborted({ [Symbol.asyncIterator]: () => parts }, signal)) {
    if (part.case === "chunk") await push.write(part.value);
    else if (part.case === "end") {
      const { sizeBytes, ...uploaded } = await push.finish(part.value.sha256);
      return { ...uploaded, sizeBytes: BigInt(sizeBytes), path: push.path };
    } else throw wrongOrder("it has a second start, or an empty part");
  }
  throw wrongOrder("it stops without its end");
}

function decodeStart({ service, path, mode, newMode, sizeBytes }: UploadFileStart): PushRequest {
  return { service, path, mode, newMode: newMode ?? defaultMode, sizeBytes: Number(sizeBytes) };
}

function wrongOrder(found: string): DetailedError {
  return new DetailedError({
    code: "FILE_STREAM_INVALID",
    category: "invalid-argument",
    attempted: "understand the file that is pushed",
    found,
    remedy: "send one start, chunks, and one end",
  });
}

/** What the first version of the contract has for failures. Others than foreseen ones are not told. */
function messageFor(error: unknown): string {
  if (error instanceof DetailedError) return error.message;
  throw error;
}
