import type { MessageInitShape } from "@bufbuild/protobuf";
import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import type {
  PrepareImageResponse,
  PushImageRequestSchema,
  PushImageResponse,
} from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import type { Context } from "../../context.ts";
import { untilStalled } from "../../files/stalled.ts";
import { TransferProgress } from "../../files/transfer-progress.ts";
import { withSignsOfLife } from "./signs-of-life.ts";
import { imageParts, type PartsListener, type PartsWanted } from "./image-parts.ts";
import { type LocalImage, saveLocalImage, unusable } from "./local-image.ts";

type Message = MessageInitShape<typeof PushImageRequestSchema>;

/** An image that a service is to have on its node. */
export interface WantedImage {
  readonly node: string;
  readonly service: string;
  /** Reference that the image gets there. */
  readonly name: string;
  readonly local: LocalImage;
}

export interface PushOutcome {
  readonly digest: string;
  /** The node did not have it under any name. */
  readonly imported: boolean;
  /** It had the image under this very name. */
  readonly wasNamed: boolean;
  readonly sentLayers: number;
  readonly sentBytes: number;
  /** What the layers were on their way, compressed where that pays. */
  readonly transferredBytes: number;
}

/** While the node takes the image in nothing moves; after this time it is given up. */
const importLimitMs = 20 * 60_000;
/** Podman reads layers that the node has as well. */
const signsOfLife = {
  sign: { part: { case: "chunk", value: new Uint8Array(0) } },
  everyMs: 20_000,
  limitMs: importLimitMs,
} as const;
const stillMs = 30_000;

/** What the node lacks of the image. */
export function askWhatIsMissing(
  { nodes }: Pick<Context, "nodes">,
  wanted: WantedImage,
): Promise<PrepareImageResponse> {
  const request = { service: wanted.service, image: descriptionOf(wanted) };
  return nodes.call(wanted.node, (agent, signal) => agent.prepareImage(request, { signal }));
}

/** Sends what the node lacks of the image, with its progress on a terminal. Layers that disappear from the node
 * meanwhile are sent after all.
 * @throws DetailedError those of the agent, PODMAN_UNUSABLE, FILE_TRANSFER_STALLED */
export async function pushImage(context: Context, wanted: WantedImage): Promise<PushOutcome> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await askWhatIsMissing(context, wanted);
    try {
      return await send(context, wanted, answer);
    } catch (thrown) {
      const isGone = thrown instanceof DetailedError && thrown.code === "IMAGE_LAYER_MISSING";
      if (!isGone || attempt > 1) throw thrown;
      context.output.say(`${thrown.found}; sending it again`);
    }
  }
}

async function send(
  context: Context,
  wanted: WantedImage,
  { missingDiffIds, present, named, takesZstd }: PrepareImageResponse,
): Promise<PushOutcome> {
  const { nodes, output, invocation } = context;
  const missing = new Set(missingDiffIds);
  const failure: { thrown?: unknown } = {};
  let progress: TransferProgress | undefined;
  let transferredBytes = 0;
  async function* messages(moved: () => void, sentAll: () => void): AsyncGenerator<Message> {
    yield { part: { case: "start", value: { service: wanted.service, image: descriptionOf(wanted) } } };
    let layerSizes: bigint[] = [];
    if (!present) {
      const listener = {
        layer: (diffId: string, sizeBytes: number) => {
          progress?.end();
          output.explain(`sending layer ${diffId} (${sizeBytes} bytes)`);
          progress = new TransferProgress(output, invocation.clock, sizeBytes);
        },
        sent: (bytes: number, transferred: number) => {
          transferredBytes += transferred;
          progress?.advance(bytes);
        },
      };
      const asked = { missing, compress: takesZstd };
      const parts = withSignsOfLife(savedParts(wanted, asked, listener, invocation.environment), {
        ...signsOfLife,
        clock: invocation.clock,
      });
      try {
        for (let next = await parts.next(); ; next = await parts.next()) {
          moved();
          if (next.done === true) {
            layerSizes = next.value;
            break;
          }
          yield next.value;
        }
      } catch (thrown) {
        failure.thrown = thrown;
        throw thrown;
      } finally {
        // Ends podman also where the call is over before all was sent.
        await parts.return([]);
      }
    }
    yield { part: { case: "end", value: { layerSizes } } };
    sentAll();
  }
  try {
    const response = await nodes.call(wanted.node, (agent, signal) =>
      untilStalled(invocation.clock, signal, async (moved, ending) => {
        const over = new AbortController();
        const sentAll = (): void => void keepMoving(invocation.clock, moved, over.signal);
        try {
          return await agent.pushImage(messages(moved, sentAll), { signal: ending });
        } finally {
          over.abort();
        }
      }),
    );
    return { ...outcomeOf(response, missing.size, named), transferredBytes };
  } catch (thrown) {
    throw failure.thrown ?? thrown;
  } finally {
    progress?.end();
  }
}

async function* savedParts(
  { local, name }: WantedImage,
  asked: PartsWanted,
  listener: PartsListener,
  environment: Readonly<Record<string, string | undefined>>,
): AsyncGenerator<Message, bigint[]> {
  await using podman = await saveLocalImage(local.id, environment);
  try {
    const sizes = yield* imageParts(podman.output, local, asked, listener);
    const { code, lastLines } = await podman.ended();
    if (code !== 0) throw unusable(name, lastLines);
    return sizes;
  } catch (thrown) {
    if (thrown instanceof DetailedError) throw thrown;
    // It broke off: what podman said about it is better.
    const { code, lastLines } = await podman.ended();
    throw unusable(name, code === 0 ? [messageOf(thrown)] : lastLines, thrown);
  }
}

async function keepMoving(
  clock: Context["invocation"]["clock"],
  moved: () => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    for (let waitedMs = 0; waitedMs < importLimitMs; waitedMs += stillMs) {
      await clock.sleep(stillMs, signal);
      moved();
    }
  } catch {
    // The call is over.
  }
}

function outcomeOf(
  response: PushImageResponse,
  sentLayers: number,
  wasNamed: boolean,
): Omit<PushOutcome, "transferredBytes"> {
  const { digest, imported, receivedBytes } = response;
  return { digest, imported, wasNamed, sentLayers, sentBytes: Number(receivedBytes) };
}

function descriptionOf({ name, local }: WantedImage) {
  const { id, architecture, os, diffIds } = local;
  return { name, id, architecture, os, diffIds: [...diffIds] };
}
