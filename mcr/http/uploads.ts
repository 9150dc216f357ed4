import type { Upload } from "../blobs/upload-store.ts";
import { uploadOutOfOrder, uploadUnknown } from "../blobs/upload-errors.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { type Answer, emptyAnswer } from "./answer.ts";
import { blobPath, requireDigest } from "./checked.ts";
import { contentRangeInvalid } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { failureAnswer } from "./failure.ts";
import { parseContentRange, uploadRange } from "./range.ts";
import { bodyLength, hasBody, invite, withIdleLimit } from "./request-body.ts";
import type { Route } from "./route.ts";

type UploadRoute = Extract<Route, { kind: "upload" }>;

/** GET after a chunk that was refused or lost (section "Pushing a blob in chunks"). */
export async function getUpload(route: UploadRoute, exchange: Exchange): Promise<Answer> {
  return emptyAnswer(204, uploadHeaders(await findUpload(route, exchange)));
}

/** A chunk, or all of it in one stream. */
export async function patchUpload(route: UploadRoute, exchange: Exchange): Promise<Answer> {
  const upload = await findUpload(route, exchange);
  try {
    return emptyAnswer(202, uploadHeaders(await takeChunk(upload, exchange)));
  } catch (error) {
    return whereItStands(error, upload);
  }
}

/** The end of an upload, with or without its last chunk. */
export async function putUpload(route: UploadRoute, exchange: Exchange): Promise<Answer> {
  const { repository } = route;
  const upload = await findUpload(route, exchange);
  const digest = requireDigest(exchange.query.get("digest") ?? "");
  exchange.note({ digest, reference: digest });
  try {
    const whole = hasBody(exchange.request) ? await takeChunk(upload, exchange) : upload;
    await exchange.registry.completeUpload(whole, digest, exchange.signal);
  } catch (error) {
    return whereItStands(error, upload);
  }
  return emptyAnswer(201, { location: blobPath(repository, digest), "docker-content-digest": digest });
}

/** Section "Cancel a blob upload". */
export async function deleteUpload(route: UploadRoute, { registry }: Exchange): Promise<Answer> {
  if (!(await registry.uploads.cancel(route.repository, route.id)))
    throw uploadUnknown(route.id.slice(0, 100));
  return emptyAnswer(204);
}

/** Headers that say where an upload goes on. */
export function uploadHeaders({ repository, id, sizeBytes }: Upload): Answer["headers"] {
  return {
    location: uploadPath(repository, id),
    range: uploadRange(sizeBytes),
    "docker-upload-uuid": id,
  };
}

function uploadPath(repository: string, id: string): string {
  return `/v2/${repository}/blobs/uploads/${id}`;
}

async function findUpload({ repository, id }: UploadRoute, { registry }: Exchange): Promise<Upload> {
  const upload = await registry.uploads.find(repository, id);
  if (upload === undefined) throw uploadUnknown(id.slice(0, 100));
  return upload;
}

/** Writes the body of the request to the upload. What is out of order is refused before it is sent.
 * @throws DetailedError UPLOAD_OUT_OF_ORDER, CONTENT_RANGE_INVALID, and those of `UploadStore.append` */
export async function takeChunk(upload: Upload, exchange: Exchange): Promise<Upload> {
  const { request, response, registry } = exchange;
  const expected = expectedChunk(upload, request.headers["content-range"], bodyLength(request.headers));
  invite(request, response);
  const after = await withIdleLimit(request, exchange.idleTimeoutMs, () =>
    whenFree(exchange, () => registry.appendUpload(upload, request, expected)),
  );
  exchange.received(after.sizeBytes - upload.sizeBytes);
  return after;
}

const patienceMs = 1_000;
const pauseMs = 25;

/** A client that was cut off and goes on at once is met by its own request before, of which not all is written yet. */
async function whenFree({ clock, signal }: Exchange, append: () => Promise<Upload>): Promise<Upload> {
  const giveUpAtMs = clock.now() + patienceMs;
  for (;;) {
    try {
      return await append();
    } catch (error) {
      const isBusy = error instanceof DetailedError && error.code === "UPLOAD_BUSY";
      if (!isBusy || clock.now() >= giveUpAtMs) throw error;
    }
    await clock.sleep(pauseMs, signal);
  }
}

function expectedChunk(
  upload: Upload,
  header: string | undefined,
  lengthBytes: number | undefined,
): { readonly offset?: number; readonly lengthBytes?: number } {
  if (header === undefined) return lengthBytes === undefined ? {} : { lengthBytes };
  const range = parseContentRange(header);
  if (range === undefined) throw contentRangeInvalid(header, "it is no range of bytes");
  if (range.start !== upload.sizeBytes)
    throw uploadOutOfOrder(
      upload.id,
      upload.sizeBytes,
      `the chunk begins at byte ${range.start}, not at ${upload.sizeBytes}`,
    );
  const size = range.end - range.start + 1;
  if (lengthBytes !== undefined && lengthBytes !== size)
    throw contentRangeInvalid(header, `the body has ${lengthBytes} bytes`);
  return { offset: range.start, lengthBytes: size };
}

/** With a refused chunk the client learns where the upload stands.
 * @throws whatever is no matter of order */
function whereItStands(error: unknown, upload: Upload): Answer {
  if (!(error instanceof DetailedError) || error.code !== "UPLOAD_OUT_OF_ORDER") throw error;
  const sizeBytes = Number(error.facts["sizeBytes"] ?? upload.sizeBytes);
  return failureAnswer(error, uploadHeaders({ ...upload, sizeBytes }));
}
