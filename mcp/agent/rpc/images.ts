import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { callerOf } from "@metacircular/mcdsl/grpc/caller.ts";
import { untilAborted } from "@metacircular/mcdsl/grpc/until-aborted.ts";
import type {
  ImageDescription as DescriptionMessage,
  McpAgent,
  PushImageRequest,
} from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { checkDescription, type ImageDescription } from "../images/image-description.ts";
import type { ImagePushes } from "../images/image-pushes.ts";
import { streamInvalid } from "../images/push-errors.ts";
import { unpackChunk } from "../images/unpack-chunk.ts";
import { requireServiceName } from "./requests.ts";
import type { RpcContext } from "./rpc-context.ts";

type Methods = Pick<ServiceImpl<typeof McpAgent>, "prepareImage" | "pushImage">;

/** Larger ones are nobody's; the sum of a stream's layers is bounded by the disk. */
const mostLayerBytes = 1024 ** 4;

export function imageMethods({ imagePushes }: Pick<RpcContext, "imagePushes">): Methods {
  return {
    async prepareImage(request, { signal }) {
      requireServiceName(request.service, "push an image");
      const image = decodeImage(request.image);
      const { diffIds, present, namedId } = await imagePushes.missing(image, signal);
      return { missingDiffIds: [...diffIds], present, named: namedId === image.id, namedId, takesZstd: true };
    },
    pushImage: (requests, context) => push(imagePushes, requests, context),
  };
}

async function push(
  imagePushes: ImagePushes,
  requests: AsyncIterable<PushImageRequest>,
  context: HandlerContext,
) {
  const parts = requests[Symbol.asyncIterator]();
  const first = await parts.next();
  if (first.done === true || first.value.part.case !== "start")
    throw streamInvalid("it does not begin with its start");
  const { service, image } = first.value.part.value;
  requireServiceName(service, "push an image");
  const by = { service, caller: callerOf(context).name };
  await using going = await imagePushes.begin(decodeImage(image), by);
  const signal = AbortSignal.any([going.signal, context.signal]);
  for await (const { part } of untilAborted({ [Symbol.asyncIterator]: () => parts }, signal)) {
    switch (part.case) {
      case "layer": {
        const { diffId, sizeBytes } = part.value;
        if (sizeBytes > mostLayerBytes) throw streamInvalid("a layer is larger than 1 TiB");
        await going.layer(diffId, Number(sizeBytes));
        break;
      }
      case "chunk":
        await going.write(part.value);
        break;
      case "zstdChunk":
        await going.write(await unpackChunk(part.value));
        break;
      case "config":
        await going.configure(part.value);
        break;
      case "end": {
        const { receivedBytes, ...pushed } = await going.finish(part.value.layerSizes.map(Number), signal);
        return { ...pushed, receivedBytes: BigInt(receivedBytes) };
      }
      default:
        throw streamInvalid("it has a second start, or an empty part");
    }
  }
  throw streamInvalid("it stops without its end");
}

function decodeImage(message: DescriptionMessage | undefined): ImageDescription {
  if (message === undefined) throw streamInvalid("it names no image");
  const { name, id, architecture, os, diffIds } = message;
  return checkDescription({ name, id, architecture, os, diffIds });
}
