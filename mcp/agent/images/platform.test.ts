import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { isEmulated, nodeArchitecture, requireRunnable } from "./platform.ts";

describe("requireRunnable", () => {
  const node = { architecture: "amd64", isEmulated: async (name: string) => name === "riscv64" };
  for (const image of [
    { architecture: "amd64", os: "linux" },
    { architecture: "", os: "" },
    { architecture: "riscv64", os: "linux" },
  ])
    test(`takes ${JSON.stringify(image)}`, () => requireRunnable("localhost/a:v1", image, node));

  for (const image of [
    { architecture: "arm64", os: "linux" },
    { architecture: "amd64", os: "windows" },
    { architecture: "riscv64", os: "windows" },
  ])
    test(`refuses ${JSON.stringify(image)}`, async () => {
      await assert.rejects(requireRunnable("localhost/a:v1", image, node), {
        code: "IMAGE_WRONG_PLATFORM",
        found: `it is for ${image.os}/${image.architecture}, and this node is linux/amd64`,
      });
    });

  test("takes nothing for emulated that is not registered with the kernel", async () => {
    assert.equal(await isEmulated("no-such-processor"), false);
  });

  test("names processors as images do", () => {
    assert.deepEqual(["x64", "arm64", "riscv64"].map(nodeArchitecture), ["amd64", "arm64", "riscv64"]);
  });
});

test("an emulation counts where it is registered and on", async () => {
  await using directory = await createTemporaryDirectory();
  const { path } = directory;
  const register = (state: string): Promise<void> =>
    writeFile(join(path, "qemu-aarch64"), `${state}\nflags: F\n`);
  assert.equal(await isEmulated("arm64", path), false);
  await register("disabled");
  assert.equal(await isEmulated("arm64", path), false);
  await register("enabled");
  assert.equal(await isEmulated("arm64", path), true);
});
