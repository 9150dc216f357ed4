import { startDockerRegistry } from "@metacircular/testkit/docker-registry.ts";
import { createOciLayout } from "@metacircular/testkit/oci-layout.ts";
import { createTestPodman, type TestPodman } from "@metacircular/testkit/podman.ts";
import { startTestRegistry, type TestRegistry } from "@metacircular/testkit/registry-server.ts";
import { webImage } from "@metacircular/testkit/images.ts";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** The programs of Debian that keep images in registries, each as its users call it. */
describe("stock clients", { concurrency: false }, () => {
  let registry: TestRegistry;
  let podman: TestPodman;
  let directory: string;
  /** Directory that makes a client trust the registry's certificate. */
  let trust: string;
  let auth: string;

  before(async () => {
    [registry, podman] = await Promise.all([
      startTestRegistry(),
      createTestPodman({ images: [webImage("v1"), webImage("v2")] }),
    ]);
    directory = join(podman.directory, "clients");
    trust = join(directory, "trust");
    auth = join(directory, "auth.json");
    await mkdir(trust, { recursive: true });
    await writeFile(join(trust, "ca.crt"), await readFile(registry.caFile));
    await client("skopeo", "login", "--username", registry.admin.name, "--password", registry.admin.password);
  });

  after(async () => {
    await podman[Symbol.asyncDispose]();
    await registry[Symbol.asyncDispose]();
  });

  /** Runs a client that is logged in and trusts the registry. */
  async function client(program: string, verb: string, ...args: string[]): Promise<string> {
    const options = ["--authfile", auth, ...(verb === "copy" ? [] : ["--cert-dir", trust])];
    const target = verb === "login" ? [registry.address] : [];
    const { stdout } = await execute(program, [verb, ...options, ...args, ...target], {
      env: { ...podman.environment, HOME: directory },
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  }

  const here = (name: string): string => `${registry.address}/${name}`;
  const remote = (name: string): string => `docker://${here(name)}`;

  async function digestOf(name: string): Promise<string> {
    return (JSON.parse(await client("skopeo", "inspect", remote(name))) as { Digest: string }).Digest;
  }

  test("podman pushes, forgets and pulls an image that runs as before", async () => {
    const name = here("team/web:v1.0.0");
    await client("podman", "push", "--quiet", "localhost/web:v1", name);
    await podman.cli("rmi", "localhost/web:v1");
    await client("podman", "pull", "--quiet", name);
    const page = await podman.cli("run", "--rm", "--entrypoint", "/bin/cat", name, "/www/index.html");
    assert.equal(page, "v1");
  });

  test("podman pushes in each format", async () => {
    for (const format of ["oci", "v2s2"]) {
      await client(
        "podman",
        "push",
        "--quiet",
        "--format",
        format,
        "localhost/web:v2",
        here(`formats:${format}`),
      );
      const raw = JSON.parse(await client("skopeo", "inspect", "--raw", remote(`formats:${format}`))) as {
        mediaType?: string;
      };
      assert.match(raw.mediaType ?? "", format === "oci" ? /oci\.image\.manifest/ : /docker\.distribution/);
    }
  });

  test("buildah builds and pushes, from an image that the registry has", async () => {
    const context = join(directory, "context");
    await mkdir(context, { recursive: true });
    await writeFile(join(context, "page"), "built by buildah");
    await writeFile(
      join(context, "Containerfile"),
      `FROM ${here("team/web:v1.0.0")}\nCOPY page /www/index.html\n`,
    );
    const name = here("team/built:v1.0.0");
    await client("buildah", "build", "--isolation", "chroot", "--tag", name, context);
    await client("buildah", "push", "--quiet", name, `docker://${name}`);
    await client("podman", "pull", "--quiet", name);
    const page = await podman.cli("run", "--rm", "--entrypoint", "/bin/cat", name, "/www/index.html");
    assert.equal(page, "built by buildah");
  });

  test("skopeo copies in, between repositories and out, byte for byte", async () => {
    const layout = join(directory, "layout");
    const digest = await createOciLayout(layout, { layers: 3, layerBytes: 300_000 });
    const trusted = ["--dest-cert-dir", trust, "--src-cert-dir", trust];
    await client("skopeo", "copy", ...trusted.slice(0, 2), `oci:${layout}`, remote("copies/first:v1"));
    await client("skopeo", "copy", ...trusted, remote("copies/first:v1"), remote("copies/second:v1"));
    assert.equal(await digestOf("copies/first:v1"), digest);
    assert.equal(await digestOf("copies/second:v1"), digest);
    const out = join(directory, "out");
    await client("skopeo", "copy", ...trusted.slice(2), remote("copies/second:v1"), `dir:${out}`);
    const { layers } = (await contentOf(out)) as { layers: { digest: string }[] };
    assert.equal(layers.length, 3);
    for (const { digest: layer } of layers) {
      const hex = layer.replace("sha256:", "");
      const pushed = await readFile(join(layout, "blobs", "sha256", hex));
      assert.ok(pushed.equals(await readFile(join(out, hex))));
    }
  });

  test("skopeo lists, inspects and deletes tags", async () => {
    await client("podman", "push", "--quiet", "localhost/web:v2", here("lists:v1"));
    await client("podman", "push", "--quiet", "localhost/web:v2", here("lists:v2"));
    const tags = async (): Promise<string[]> =>
      (JSON.parse(await client("skopeo", "list-tags", remote("lists"))) as { Tags: string[] }).Tags;
    assert.deepEqual(await tags(), ["v1", "v2"]);
    // skopeo deletes by digest, and with it all of its tags.
    await client("skopeo", "delete", remote("lists:v1"));
    await assert.rejects(client("skopeo", "inspect", remote("lists:v2")), /manifest unknown/);
  });

  test("podman pushes an index of several platforms, and pulls what fits", async () => {
    await podman.cli("manifest", "create", "localhost/multi:v1");
    await podman.cli("manifest", "add", "localhost/multi:v1", "containers-storage:localhost/web:v2");
    const access = ["--authfile", auth, "--cert-dir", trust];
    await podman.cli("manifest", "push", "--all", ...access, "localhost/multi:v1", remote("multi:v1"));
    const raw = JSON.parse(await client("skopeo", "inspect", "--raw", remote("multi:v1"))) as {
      manifests: unknown[];
    };
    assert.equal(raw.manifests.length, 1);
    await client("podman", "pull", "--quiet", here("multi:v1"));
  });

  test("docker-registry mirrors it", async () => {
    await using mirror = await startDockerRegistry({
      directory: join(directory, "mirror"),
      certificates: registry.certificates,
      mirrorOf: { url: registry.url, username: registry.admin.name, password: registry.admin.password },
    });
    const out = join(directory, "mirrored");
    const pull = (): Promise<string> =>
      client(
        "skopeo",
        "copy",
        "--src-cert-dir",
        trust,
        `docker://${mirror.address}/copies/first:v1`,
        `dir:${out}`,
      );
    await pull();
    const before = await contentOf(out);
    await cp(out, join(directory, "kept"), { recursive: true });
    await rm(out, { recursive: true });
    await pull();
    assert.deepEqual(await contentOf(out), before);
  });

  test("skopeo syncs repositories from docker-registry", async () => {
    await using docker = await startDockerRegistry({
      directory: join(directory, "docker"),
      certificates: registry.certificates,
    });
    const layout = join(directory, "layout");
    for (const tag of ["v1", "v2"]) {
      await client(
        "skopeo",
        "copy",
        "--dest-cert-dir",
        trust,
        `oci:${layout}`,
        `docker://${docker.address}/old:${tag}`,
      );
    }
    await execute(
      "skopeo",
      [
        ...["sync", "--src", "docker", "--dest", "docker", "--all", "--authfile", auth],
        ...["--src-cert-dir", trust, "--dest-cert-dir", trust],
        ...[`${docker.address}/old`, here("synced")],
      ],
      { env: { ...podman.environment, HOME: directory } },
    );
    assert.equal(await digestOf("synced/old:v1"), await digestOf("copies/first:v1"));
    assert.equal(await digestOf("synced/old:v2"), await digestOf("copies/first:v1"));
  });

  test("a system account pulls with its token as the password, and may not push", async () => {
    const own = join(directory, "system-auth.json");
    const { name, token } = registry.system;
    const entry = { auth: Buffer.from(`${name}:${token}`).toString("base64") };
    await writeFile(own, JSON.stringify({ auths: { [registry.address]: entry } }), { mode: 0o600 });
    const options = ["--quiet", "--authfile", own, "--cert-dir", trust];
    const as = (verb: string, ...args: string[]): Promise<string> => podman.cli(verb, ...options, ...args);
    await as("pull", here("team/web:v1.0.0"));
    await assert.rejects(as("push", "localhost/web:v2", here("team/web:v9.0.0")), /denied/i);
    await assert.rejects(client("skopeo", "inspect", remote("team/web:v9.0.0")), /manifest unknown/);
  });
});

/** The manifest in a directory that `skopeo copy … dir:` wrote. */
async function contentOf(directory: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(directory, "manifest.json"), "utf8")) as Record<string, unknown>;
}
