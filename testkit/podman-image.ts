import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { packTar, type TarEntry } from "modern-tar";

/** An image made `FROM scratch`: a busybox, the given files, and how it starts. */
export interface ImageSpec {
  /** With tag, e.g. `localhost/web:v1`. */
  readonly name: string;
  /** Absolute path to content. Default: none. */
  readonly files?: Readonly<Record<string, string>>;
  /** Default: none, so that `cmd` is the whole command. */
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  /** `KEY=VALUE` */
  readonly env?: readonly string[];
  readonly user?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Anonymous volumes. */
  readonly volumes?: readonly string[];
  /** As in the image's configuration, durations in nanoseconds. */
  readonly healthcheck?: { readonly Test: readonly string[]; readonly Interval?: number };
}

const applets =
  "sh ash cat chmod chown cp date dd echo env false find grep head hostname httpd id kill killall ls mkdir mktemp " +
  "mv nc nslookup od printenv printf ps rm seq sleep sort stat stty sync tail tee test touch tr true uname usleep " +
  "wc wget whoami yes";

const epoch = new Date(0);

/** Packs images into one archive that `podman load` and its API read; the busybox layer is in it once. */
export async function imageArchive(images: readonly ImageSpec[]): Promise<Uint8Array> {
  const base = await layer(await busyboxEntries());
  const entries: TarEntry[] = [file(`${base.digest}.tar`, base.content)];
  const manifest: { Config: string; RepoTags: string[]; Layers: string[] }[] = [];
  for (const image of images) {
    const own = await layer(
      Object.entries(image.files ?? {}).flatMap(([path, text]) => fileEntries(path, text)),
    );
    const config = JSON.stringify(imageConfig(image, [base.digest, own.digest]));
    const configName = `${sha256(config)}.json`;
    if (!entries.some((entry) => entry.header.name === configName)) entries.push(file(configName, config));
    const layerName = `${own.digest}.tar`;
    if (!entries.some((entry) => entry.header.name === layerName)) entries.push(file(layerName, own.content));
    manifest.push({ Config: configName, RepoTags: [image.name], Layers: [`${base.digest}.tar`, layerName] });
  }
  return packTar([...entries, file("manifest.json", JSON.stringify(manifest))]);
}

function imageConfig(image: ImageSpec, layerDigests: readonly string[]): object {
  return {
    architecture: process.arch === "arm64" ? "arm64" : "amd64",
    os: "linux",
    created: epoch.toISOString(),
    config: {
      Env: ["PATH=/bin", ...(image.env ?? [])],
      Entrypoint: image.entrypoint ?? null,
      Cmd: image.cmd ?? null,
      User: image.user ?? "",
      WorkingDir: "/",
      Labels: image.labels ?? {},
      Volumes: Object.fromEntries((image.volumes ?? []).map((path) => [path, {}])),
      ...(image.healthcheck === undefined ? {} : { Healthcheck: image.healthcheck }),
    },
    rootfs: { type: "layers", diff_ids: layerDigests.map((digest) => `sha256:${digest}`) },
    history: layerDigests.map(() => ({ created: epoch.toISOString(), created_by: "testkit" })),
  };
}

async function busyboxEntries(): Promise<TarEntry[]> {
  return [
    directory("bin", 0o755),
    directory("etc", 0o755),
    directory("tmp", 0o1777),
    file("bin/busybox", await readFile("/bin/busybox"), 0o755),
    ...applets.split(" ").map((name): TarEntry => {
      return { header: { name: `bin/${name}`, size: 0, type: "symlink", linkname: "busybox", mtime: epoch } };
    }),
    file("etc/passwd", "root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n"),
    file("etc/group", "root:x:0:\nnogroup:x:65534:\n"),
  ];
}

function fileEntries(path: string, text: string): TarEntry[] {
  const parts = path.split("/").filter(Boolean);
  const parents = parts.slice(0, -1).map((_, index) => directory(parts.slice(0, index + 1).join("/"), 0o755));
  return [...parents, file(parts.join("/"), text, 0o755)];
}

function directory(name: string, mode: number): TarEntry {
  return { header: { name: `${name}/`, size: 0, type: "directory", mode, mtime: epoch } };
}

function file(name: string, content: string | Uint8Array, mode = 0o644): TarEntry {
  const body = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return { header: { name, size: body.byteLength, type: "file", mode, mtime: epoch }, body };
}

/** The runtime refuses a layer that names a path twice, as two files below one directory would. */
async function layer(entries: readonly TarEntry[]): Promise<{ digest: string; content: Uint8Array }> {
  const content = await packTar([...new Map(entries.map((entry) => [entry.header.name, entry])).values()]);
  return { digest: sha256(content), content };
}

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
