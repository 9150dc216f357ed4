import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";

import { type StreamedProcess, streamProcess } from "../../processes/stream-process.ts";
import { podmanEnvironment } from "../podman-arguments.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** An image of this machine's podman. */
export interface LocalImage {
  /** SHA-256 of its configuration. */
  readonly id: string;
  readonly architecture: string;
  readonly os: string;
  /** Digests of its layers without compression, the lowest first. */
  readonly diffIds: readonly string[];
}

const mostDescriptionBytes = 1024 * 1024;

/** @throws DetailedError IMAGE_NOT_FOUND, PODMAN_UNUSABLE */
export async function findLocalImage(image: string, environment: Environment): Promise<LocalImage> {
  const format = "{{.Id}}\n{{.Architecture}}\n{{.Os}}\n{{json .RootFS.Layers}}";
  const argv = ["podman", "image", "inspect", "--format", format, image] as const;
  await using podman = await start(argv, image, environment);
  let described = "";
  for await (const chunk of podman.output) {
    described += Buffer.from(chunk).toString("utf8");
    if (described.length > mostDescriptionBytes) throw unusable(image, ["its answer is too long"]);
  }
  const { code, lastLines } = await podman.ended();
  if (code !== 0) {
    if (/no such image|image not known/i.test(lastLines.join("\n"))) throw notFound(image);
    throw unusable(image, lastLines);
  }
  return parseDescription(image, described);
}

/** The image as podman's `docker-archive`, layer by layer: of the formats that it writes this is the one that comes in
 * the order of the layers, that has them without compression, and that needs no room for the whole of it.
 * @throws DetailedError PODMAN_UNUSABLE */
export function saveLocalImage(id: string, environment: Environment): Promise<StreamedProcess> {
  const argv = ["podman", "image", "save", "--quiet", "--format", "docker-archive", id] as const;
  return start(argv, id, environment);
}

function parseDescription(image: string, described: string): LocalImage {
  const [id = "", architecture = "", os = "", layers = ""] = described.split("\n");
  const diffIds: unknown = JSON.parse(layers === "null" ? "[]" : layers);
  if (!Array.isArray(diffIds)) throw unusable(image, [described]);
  return { id: id.replace(/^sha256:/, ""), architecture, os, diffIds: diffIds.map(String) };
}

async function start(
  argv: readonly [string, ...string[]],
  image: string,
  environment: Environment,
): Promise<StreamedProcess> {
  try {
    return await streamProcess(argv, podmanEnvironment(environment));
  } catch (cause) {
    const isMissing = systemCodeOf(cause) === "ENOENT";
    throw unusable(image, isMissing ? ["there is no podman on this machine"] : [messageOf(cause)], cause);
  }
}

/** Podman of this machine does not do it. */
export function unusable(image: string, output: readonly string[], cause?: unknown): DetailedError {
  return new DetailedError({
    code: "PODMAN_UNUSABLE",
    category: "failed-precondition",
    attempted: "read image",
    subject: image,
    found: "podman does not work on this machine",
    remedy: "mend what the output says; `podman info` tells more",
    output,
    cause,
  });
}

function notFound(image: string): DetailedError {
  return new DetailedError({
    code: "IMAGE_NOT_FOUND",
    category: "not-found",
    attempted: "push image",
    subject: image,
    found: "the podman of this machine has no image of that name",
    remedy: "build it, or name another local image with --from",
  });
}
