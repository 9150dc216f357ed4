import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { choosePodmanSettings } from "./podman-settings.ts";

const nobody = { user: { uid: 1000, name: "nobody", home: "/nonexistent" } };

describe("podman's configuration", () => {
  test("stays what it was", async () => {
    const before = { containersConf: "/before", storageConf: "" };
    assert.deepEqual(await choosePodmanSettings(before, nobody, { CONTAINERS_CONF: "/other" }), before);
  });

  test("is what the environment names, else podman's own", async () => {
    const environment = { CONTAINERS_CONF: "/c", CONTAINERS_STORAGE_CONF: "/s" };
    const named = { containersConf: "/c", storageConf: "/s" };
    assert.deepEqual(await choosePodmanSettings(undefined, nobody, environment), named);
    const own = { containersConf: "", storageConf: "" };
    assert.deepEqual(await choosePodmanSettings(undefined, nobody, {}), own);
  });

  test("is what the set-up script prepared where the machine needs that", async () => {
    await using directory = await createTemporaryDirectory();
    const prepared = join(directory.path, "mcp-podman");
    await mkdir(prepared);
    const environment = { XDG_STATE_HOME: directory.path };
    await writeFile(join(prepared, "env"), "");
    assert.equal((await choosePodmanSettings(undefined, nobody, environment)).containersConf, "");
    await writeFile(join(prepared, "env"), `export CONTAINERS_CONF=${prepared}/containers.conf\n`);
    const containersConf = join(prepared, "containers.conf");
    const rootful = await choosePodmanSettings(undefined, nobody, environment);
    assert.deepEqual(rootful, { containersConf, storageConf: "" });
    const storageConf = join(prepared, "storage.conf");
    const lines = [
      `export CONTAINERS_CONF=${containersConf}`,
      `export CONTAINERS_STORAGE_CONF=${storageConf}`,
      "",
    ];
    await writeFile(join(prepared, "env"), lines.join("\n"));
    const rootless = await choosePodmanSettings(undefined, nobody, environment);
    assert.deepEqual(rootless, { containersConf, storageConf });
  });
});
