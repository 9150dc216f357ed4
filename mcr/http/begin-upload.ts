import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { type Digest, type DigestAlgorithm, algorithmOf } from "../digest.ts";
import { type Answer, emptyAnswer } from "./answer.ts";
import { blobPath, requireDigest, requireName } from "./checked.ts";
import { digestInvalid } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { hasBody } from "./request-body.ts";
import type { Route } from "./route.ts";
import { takeChunk, uploadHeaders } from "./uploads.ts";

type UploadsRoute = Extract<Route, { kind: "uploads" }>;

/** POST: begins an upload, takes all of it at once (`digest`), or mounts what another repository has (`mount`). */
export async function beginUpload(route: UploadsRoute, exchange: Exchange): Promise<Answer> {
  const { repository } = route;
  const { query, registry } = exchange;
  const mount = query.get("mount");
  if (mount !== null) {
    const digest = requireDigest(mount);
    const from = await mountedFrom(repository, digest, exchange);
    if (from !== undefined) {
      exchange.note({ action: "mount-blob", digest, reference: digest, detail: `from ${from}` });
      return storedAnswer(repository, digest);
    }
  }
  const whole = query.get("digest");
  if (whole !== null) return uploadAtOnce(repository, requireDigest(whole), exchange);
  const algorithm = requireAlgorithm(query.get("digest-algorithm") ?? "sha256");
  return emptyAnswer(202, uploadHeaders(await registry.beginUpload(repository, algorithm)));
}

/** Section "Single POST". */
async function uploadAtOnce(repository: string, digest: Digest, exchange: Exchange): Promise<Answer> {
  const { registry, request, signal } = exchange;
  exchange.note({ action: "push-blob", digest, reference: digest });
  const upload = await registry.beginUpload(repository, algorithmOf(digest));
  try {
    const complete = hasBody(request) ? await takeChunk(upload, exchange) : upload;
    await registry.completeUpload(complete, digest, signal);
  } catch (error) {
    // The client has no way to go on with it. Removing it may fail, and then it expires.
    await registry.uploads.cancel(repository, upload.id).catch(() => false);
    throw error;
  }
  return storedAnswer(repository, digest);
}

function storedAnswer(repository: string, digest: Digest): Answer {
  return emptyAnswer(201, { location: blobPath(repository, digest), "docker-content-digest": digest });
}

function requireAlgorithm(text: string): DigestAlgorithm {
  if (text !== "sha256" && text !== "sha512") throw digestInvalid(text);
  return text;
}

/** So many repositories that hold the blob are looked at where the client names none. */
const maxCandidates = 100;

/** Section "Mounting a blob from another repository". Only from where the caller may read; where that is not so, it is the
 * same as where there is no such blob. @returns the repository that had it; undefined: it has to be uploaded
 * @throws DetailedError UNAUTHORIZED where a token for both repositories would help */
async function mountedFrom(
  repository: string,
  digest: Digest,
  { query, grants, registry, request }: Exchange,
): Promise<string | undefined> {
  const from = query.get("from");
  if (from !== null && from !== "") {
    if (!mayRead(requireName(from))) return undefined;
    return (await registry.mountBlob(from, repository, digest)) ? from : undefined;
  }
  const holders = await registry.holders(digest, { after: "", limit: maxCandidates });
  const readable = holders.find((holder) => holder === repository || grants.may("pull", holder));
  if (readable === undefined) return undefined;
  return (await registry.mountBlob(readable, repository, digest)) ? readable : undefined;

  function mayRead(name: string): boolean {
    try {
      grants.require("pull", name);
      return true;
    } catch (error) {
      if (!(error instanceof DetailedError)) throw error;
      // Who got a token without an account gets no better one.
      const isNobody = grants.caller.kind === "anonymous" && request.headers.authorization !== undefined;
      if (error.category === "permission-denied" || isNobody) return false;
      throw error;
    }
  }
}
