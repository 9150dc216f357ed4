import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { imageProblem, parseImageReference } from "@metacircular/mcp-core/image.ts";
import { digestOf } from "./oci-archive.ts";
import { corrupted, streamInvalid } from "./push-errors.ts";

/** An image that is about to be sent. */
export interface ImageDescription {
  /** Reference with a tag. */
  readonly name: string;
  /** SHA-256 of its configuration, in hexadecimal. */
  readonly id: string;
  readonly architecture: string;
  readonly os: string;
  /** Digests of its layers without compression, the lowest first. */
  readonly diffIds: readonly string[];
}

const mostLayers = 512;
const mostConfigBytes = 1024 * 1024;
const hexadecimal = /^[0-9a-f]{64}$/;
const word = /^[a-z0-9]{1,32}$/;

/** The description that a client sent, where it is one.
 * @throws DetailedError IMAGE_INVALID */
export function checkDescription(image: ImageDescription): ImageDescription {
  const problem = problemOf(image);
  if (problem === undefined) return image;
  throw new DetailedError({
    code: "IMAGE_INVALID",
    category: "invalid-argument",
    attempted: "take in image",
    subject: image.name.slice(0, 300),
    found: problem,
    remedy: "push the image that a component names, with its tag",
  });
}

function problemOf({ name, id, architecture, os, diffIds }: ImageDescription): string | undefined {
  if (parseImageReference(name)?.digest !== "") return imageProblem(name) ?? "its name has a digest";
  if (imageProblem(name) !== undefined) return imageProblem(name);
  if (!hexadecimal.test(id)) return "its id is not a SHA-256 sum";
  if (!word.test(architecture) || !word.test(os)) return "it does not say what it runs on";
  if (diffIds.length > mostLayers) return `it has more than ${mostLayers} layers`;
  const wrong = diffIds.find((diffId) => !/^sha256:[0-9a-f]{64}$/.test(diffId));
  return wrong === undefined ? undefined : "a layer's digest is not a SHA-256 sum";
}

/** Fails where the configuration is not that of the image.
 * @throws DetailedError IMAGE_CORRUPTED, IMAGE_STREAM_INVALID */
export function checkConfiguration(image: ImageDescription, config: Buffer): void {
  if (config.length > mostConfigBytes)
    throw streamInvalid(`its configuration is longer than ${mostConfigBytes} bytes`);
  if (digestOf(config) !== `sha256:${image.id}`) throw corrupted(image.name);
  const { architecture, os, rootfs } = parse(config);
  const diffIds = Array.isArray(rootfs?.diff_ids) ? rootfs.diff_ids : [];
  const isSame =
    architecture === image.architecture &&
    os === image.os &&
    diffIds.length === image.diffIds.length &&
    image.diffIds.every((diffId, index) => diffIds[index] === diffId);
  if (!isSame) throw streamInvalid("its configuration is not what was announced");
}

function parse(config: Buffer): {
  architecture?: unknown;
  os?: unknown;
  rootfs?: { diff_ids?: unknown[] };
} {
  try {
    const parsed: unknown = JSON.parse(config.toString("utf8"));
    if (typeof parsed === "object" && parsed !== null) return parsed;
  } catch {
    // As below.
  }
  throw streamInvalid("its configuration is no JSON object");
}
