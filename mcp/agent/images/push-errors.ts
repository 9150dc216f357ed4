import { DetailedError } from "@metacircular/mcdsl/errors.ts";

/* How the push of an image fails. Nothing of the node has changed then. */

const again = "push it again; what arrived whole is not sent a second time";

export function wrongSize(diffId: string, amount: "more" | "less", sizeBytes: number): DetailedError {
  return new DetailedError({
    code: "IMAGE_INCOMPLETE",
    category: "aborted",
    attempted: "receive layer",
    subject: diffId,
    found: `${amount} was sent than the ${sizeBytes} bytes that were announced`,
    remedy: again,
  });
}

export function corrupted(subject: string): DetailedError {
  return new DetailedError({
    code: "IMAGE_CORRUPTED",
    category: "aborted",
    attempted: "receive image",
    subject,
    found: "what arrived is not what its digest says",
    remedy: again,
  });
}

export function diskFull(directory: string, freeBytes: number, neededBytes: number): DetailedError {
  const mebibytes = (bytes: number): number => Math.floor(bytes / 1024 / 1024);
  return new DetailedError({
    code: "DISK_FULL",
    category: "resource-exhausted",
    attempted: "receive an image in",
    subject: directory,
    found: `${mebibytes(freeBytes)} MiB are free, ${mebibytes(neededBytes)} MiB are needed`,
    remedy: "free some space, e.g. with: podman image prune",
    facts: { free_bytes: String(freeBytes), directory },
  });
}

export function layerMissing(name: string, diffId: string): DetailedError {
  return new DetailedError({
    code: "IMAGE_LAYER_MISSING",
    category: "aborted",
    attempted: "put together image",
    subject: name,
    found: `its layer ${diffId} is not on the node any more`,
    remedy: "push it again: what is missing is found out anew",
  });
}

/** The client does not keep to the contract. */
export function streamInvalid(found: string): DetailedError {
  return new DetailedError({
    code: "IMAGE_STREAM_INVALID",
    category: "invalid-argument",
    attempted: "understand the image that is pushed",
    found,
    remedy: "correct the request; mcp push-image of the same version does it",
  });
}

export function pushStalled(name: string, idleMs: number): DetailedError {
  return new DetailedError({
    code: "IMAGE_PUSH_STALLED",
    category: "deadline-exceeded",
    attempted: "receive image",
    subject: name,
    found: `nothing arrived for ${idleMs / 1000} s`,
    remedy: again,
  });
}

export function tooManyPushes(limit: number): DetailedError {
  return new DetailedError({
    code: "IMAGE_PUSHES_BUSY",
    category: "resource-exhausted",
    attempted: "receive an image",
    found: `${limit} images are being pushed to this node already`,
    remedy: "try again when one of them is done",
  });
}

export function stopping(): DetailedError {
  return new DetailedError({
    code: "AGENT_STOPPING",
    category: "unavailable",
    attempted: "receive an image",
    found: "the agent is stopping",
    remedy: "push it again when it is back; what arrived whole is not sent a second time",
  });
}
