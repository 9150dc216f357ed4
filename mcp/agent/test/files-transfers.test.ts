import assert from "node:assert/strict";
import { open, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { captureLog } from "@metacircular/mcdsl/test/captured-log.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { createFiles } from "../files/files.ts";
import { createFilesFixture, request, names, descriptorsIn, sumOf } from "./files-fixture.ts";

describe("transfers", () => {
  test("in which nothing goes on end, and leave nothing", async () => {
    await using fixture = await createFilesFixture({ idleMs: 50 });
    const { files } = fixture;
    await using push = await files.push(request("stalled/file", 10), "tester");
    await using pull = await files.pull({ service: "web", path: "config/app.toml" }, "tester");
    await eventually(async () => {
      assert.deepEqual(await names(fixture), ["config", "config/app.toml"]);
      assert.deepEqual(await descriptorsIn(fixture.directory), []);
    });
    assert.ok(push.signal.aborted);
    await assert.rejects(push.write(Buffer.from("x")), { code: "FILE_TRANSFER_STALLED" });
    await assert.rejects(pull.read(), { code: "FILE_TRANSFER_STALLED" });
  });

  test("are bounded in number, refused with what to do, and free again when they end", async () => {
    await using fixture = await createFilesFixture({ limit: 2 });
    const { files } = fixture;
    const pull = () => files.pull({ service: "web", path: "config/app.toml" }, "tester");
    const first = await pull();
    await using _ = await pull();
    await assert.rejects(pull(), { code: "FILE_TRANSFERS_BUSY", category: "resource-exhausted" });
    await first[Symbol.asyncDispose]();
    await first[Symbol.asyncDispose]();
    await using again = await pull();
    assert.equal(again.sizeBytes, 4);
  });

  test("end with the agent, and leave nothing", async () => {
    await using fixture = await createFilesFixture();
    const push = await fixture.files.push(request("new/file", 10), "tester");
    await push.write(Buffer.from("half"));
    await fixture.files[Symbol.asyncDispose]();
    assert.deepEqual(await names(fixture), ["config", "config/app.toml"]);
    await assert.rejects(push.write(Buffer.from("half")), { code: "FILE_TRANSFER_STOPPED" });
  });

  test("that are ended in the middle of a step do not go on in another directory", async () => {
    await using fixture = await createFilesFixture({ limit: 100 });
    const { files, servicesDir } = fixture;
    const starts = Array.from({ length: 20 }, (_, index) =>
      files.push(request(`new/${index}/file`, 4, { service: `s${index}` }), "tester"),
    );
    const ended = files[Symbol.asyncDispose]();
    const others = Array.from({ length: 20 }, () => open(fixture.outside));
    for (const start of await Promise.allSettled(starts)) {
      if (start.status === "fulfilled") await start.value[Symbol.asyncDispose]();
    }
    await ended;
    for (const other of await Promise.all(others)) await other.close();
    assert.deepEqual(await readdir(servicesDir, { recursive: true }), [
      "web",
      "web/config",
      "web/config/app.toml",
    ]);
    assert.deepEqual((await readdir(fixture.outside)).toSorted(), ["secret.txt", "sub"]);
    assert.deepEqual(fixture.registry.uploads.all(), []);
  });

  test("of an agent that died are cleared away by the next, and nothing else is", async () => {
    await using fixture = await createFilesFixture();
    const { registry, servicesDir } = fixture;
    const config = join(servicesDir, "web/config");
    const record = (name: string, path: string): void =>
      registry.uploads.record({ name, service: "web", path });
    record(".mcp-upload-1", "config/app.toml");
    record(".mcp-upload-2", "gone/app.toml");
    record(".mcp-upload-3", "link/secret.txt");
    await symlink(fixture.outside, join(servicesDir, "web/link"));
    for (const name of [".mcp-upload-1", ".mcp-upload-other"]) await writeFile(join(config, name), "half");
    await writeFile(join(fixture.outside, ".mcp-upload-3"), "not ours");
    const { logger } = captureLog();
    const next = createFiles({
      servicesDir,
      ownFiles: [],
      uploads: registry.uploads,
      clock: systemClock,
      logger,
    });
    await next[Symbol.asyncDispose]();
    assert.deepEqual((await readdir(config)).toSorted(), [".mcp-upload-other", "app.toml"]);
    assert.equal(await readFile(join(fixture.outside, ".mcp-upload-3"), "utf8"), "not ours");
    assert.deepEqual(
      registry.uploads.all().map(({ name }) => name),
      [".mcp-upload-3"],
    );
  });

  test("are in the log with caller, path and sum, refused ones too, and without content", async () => {
    await using fixture = await createFilesFixture();
    await fixture.push("web", "secret.env", "PASSWORD=xyzzy\n");
    await fixture.pull("web", "secret.env");
    await assert.rejects(fixture.pull("web", "../outside/secret.txt"));
    const logged = fixture.log.lines.filter(({ msg }) => msg === "file");
    const shown = logged.map(({ action, caller, service, path, outcome, errorCode }) =>
      [action, caller, service, path, outcome, errorCode].join(" ").trim(),
    );
    assert.deepEqual(shown, [
      "push tester web secret.env done",
      "pull tester web secret.env done",
      "pull tester web ../outside/secret.txt failed FILE_PATH_INVALID",
    ]);
    assert.equal(logged[0]?.["sha256"], sumOf("PASSWORD=xyzzy\n").toString("hex"));
    assert.doesNotMatch(fixture.log.text(), /xyzzy/);
  });
});
