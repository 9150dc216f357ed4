import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { createLogger } from "@metacircular/mcdsl/log/logger.ts";
import { createTestPodman } from "@metacircular/testkit/podman.ts";
import { createSmallDisk } from "@metacircular/testkit/small-disk.ts";
import { ociArchive } from "../images/oci-archive.ts";
import { tarEnd, tarFile, tarPadding } from "../images/tar.ts";
import { openPodman } from "./podman.ts";
import { runtimeUnavailable } from "./podman-errors.ts";
import { loadFailure } from "./podman-load.ts";

const digestOf = (content: Buffer): string => `sha256:${createHash("sha256").update(content).digest("hex")}`;

/** An image whose only layer has one file of random bytes. */
function anImage(sizeBytes: number): () => AsyncIterable<Uint8Array> {
  const content = randomBytes(sizeBytes);
  const layer = Buffer.concat([tarFile("big", sizeBytes), content, tarPadding(sizeBytes), tarEnd]);
  const described = { diffId: digestOf(layer), sizeBytes: layer.length };
  const rootfs = { type: "layers", diff_ids: [described.diffId] };
  const config = Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", config: {}, rootfs }));
  async function* read() {
    for (let at = 0; at < layer.length; at += 1024 * 1024) yield layer.subarray(at, at + 1024 * 1024);
  }
  return () =>
    ociArchive({ name: "localhost/big:v1", config, layers: [described] }, [{ ...described, read }]);
}

describe("an image that podman does not take in", () => {
  test("is said with what podman says of archives of its kind, and nothing of other kinds", () => {
    const found = [
      "unable to load image: payload does not match any of the supported image formats:",
      " * oci: initializing source oci:/var/tmp/x.tar:: open /var/tmp/x.tar/index.json: not a directory",
      ' * oci-archive: writing blob: adding layer with blob "sha256:05": unexpected EOF',
      " * docker-archive: loading tar component manifest.json: file does not exist",
    ].join("\n");
    const details = { code: "RUNTIME_FAILED", category: "internal", attempted: "load image" } as const;
    const failure = loadFailure(new DetailedError({ ...details, found }));
    assert.ok(failure instanceof DetailedError);
    assert.equal(failure.found, 'writing blob: adding layer with blob "sha256:05": unexpected EOF');
    const other = loadFailure(new DetailedError({ ...details, found: "something else" }));
    assert.ok(other instanceof DetailedError);
    assert.equal(other.found, "something else");
  });

  test("is no failure of podman's where it does not answer", () => {
    const thrown = runtimeUnavailable("load image", "", new Error("reset"));
    assert.equal(loadFailure(thrown), thrown);
  });

  for (const which of ["store", "temporary directory"] as const)
    test(`since its ${which} is full is said so, and the disk is free again`, async () => {
      await using podman = await createTestPodman({ images: [] });
      await using disk = await createSmallDisk(30_000);
      const environment: Record<string, string> = { ...podman.environment };
      if (which === "store") {
        const path = join(podman.directory, "small.conf");
        const text = await readFile(environment["CONTAINERS_STORAGE_CONF"] ?? "", "utf8");
        await writeFile(path, text.replace(/^\s*graphroot\s*=.*$/mu, `graphroot = "${disk.path}/graph"`));
        environment["CONTAINERS_STORAGE_CONF"] = path;
      } else environment["TMPDIR"] = disk.path;
      const stateDirectory = join(podman.directory, "loading");
      await mkdir(stateDirectory);
      const logger = createLogger({ name: "podman", level: "error" });
      await using runtime = await openPodman({ stateDirectory, environment, logger, clock: systemClock });
      const refused = await runtime.loadImage(anImage(60_000_000)).catch((error: unknown) => error);
      assert.ok(refused instanceof DetailedError);
      assert.equal(refused.code, "DISK_FULL", refused.message);
      assert.match(refused.found, /^[^\n]*no space left on device[^\n]*$/u);
      assert.match(refused.remedy, /free space in podman's store.*push the image again/u);
      await runtime.loadImage(anImage(1_000_000));
      assert.notEqual(await runtime.image("localhost/big:v1"), undefined);
    });
});
