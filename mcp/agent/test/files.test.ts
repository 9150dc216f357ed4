import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { captureLog } from "@metacircular/mcdsl/test/captured-log.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { createFiles } from "../files/files.ts";
import {
  createFilesFixture,
  type FilesFixture,
  request,
  mebibyte,
  names,
  descriptorsIn,
  sumOf,
} from "./files-fixture.ts";

const run = promisify(execFile);

describe("a push", () => {
  test("keeps owner and permissions of the file it replaces, and leaves its other names alone", async () => {
    await using fixture = await createFilesFixture();
    const web = join(fixture.servicesDir, "web");
    await chown(join(web, "config/app.toml"), 1234, 2345);
    await chmod(join(web, "config/app.toml"), 0o4640);
    await link(join(web, "config/app.toml"), join(web, "other-name"));
    await fixture.push("web", "config/app.toml", "new\n");
    const { uid, gid, mode } = await stat(join(web, "config/app.toml"));
    assert.deepEqual([uid, gid, mode & 0o7777], [1234, 2345, 0o640]);
    assert.equal(await readFile(join(web, "other-name"), "utf8"), "old\n");
  });

  test("creates directories as private as the one they are in", async () => {
    await using fixture = await createFilesFixture();
    await chmod(join(fixture.servicesDir, "web/config"), 0o700);
    await fixture.push("web", "config/a/b/file", "x");
    await fixture.push("fresh", "a/file", "x");
    const modes = ["web/config/a", "web/config/a/b", "fresh", "fresh/a"].map(
      async (path) => (await stat(join(fixture.servicesDir, path))).mode & 0o777,
    );
    assert.deepEqual(await Promise.all(modes), [0o700, 0o700, 0o750, 0o750]);
  });

  test("works below a services_dir that is a link, and across mounts in a service's directory", async () => {
    await using fixture = await createFilesFixture();
    await symlink(fixture.servicesDir, join(fixture.directory, "link"));
    const mounted = join(fixture.servicesDir, "web/mounted");
    await mkdir(mounted);
    await run("mount", ["-t", "tmpfs", "tmpfs", mounted]);
    try {
      const { uploads } = fixture.registry;
      const options = { uploads, ownFiles: [], clock: systemClock, logger: captureLog().logger };
      await using files = createFiles({ ...options, servicesDir: join(fixture.directory, "link") });
      await using push = await files.push(request("mounted/sub/file", 1), "tester");
      await push.write(Buffer.from("x"));
      await push.finish(sumOf("x"));
      assert.equal(await readFile(join(mounted, "sub/file"), "utf8"), "x");
    } finally {
      await run("umount", [mounted]);
    }
  });

  const broken: [string, string, (fixture: FilesFixture) => Promise<unknown>][] = [
    [
      "more content than was announced",
      "FILE_INCOMPLETE",
      async ({ files }) => {
        await using push = await files.push(request("new/config/app.toml", 3), "tester");
        await push.write(Buffer.from("four"));
      },
    ],
    [
      "less content than was announced",
      "FILE_INCOMPLETE",
      async ({ files }) => {
        await using push = await files.push(request("new/config/app.toml", 5), "tester");
        await push.write(Buffer.from("four"));
        await push.finish(sumOf("four"));
      },
    ],
    [
      "another sum than the content's",
      "FILE_CORRUPTED",
      async ({ files }) => {
        await using push = await files.push(request("new/config/app.toml", 4), "tester");
        await push.write(Buffer.from("four"));
        await push.finish(sumOf("five"));
      },
    ],
    [
      "setuid",
      "FILE_MODE_INVALID",
      ({ files }) => files.push(request("new/config/app.toml", 4, { mode: 0o4755 }), "tester"),
    ],
    [
      "more than the disk has",
      "DISK_FULL",
      ({ files }) => files.push(request("new/config/app.toml", 2 ** 60), "tester"),
    ],
    [
      "a link that appears at its end",
      "FILE_PATH_REFUSED",
      async ({ files, servicesDir, outside }) => {
        await using push = await files.push(request("new/config/app.toml", 4), "tester");
        await push.write(Buffer.from("four"));
        await symlink(join(outside, "secret.txt"), join(servicesDir, "web/new/config/app.toml"));
        try {
          await push.finish(sumOf("four"));
        } finally {
          await run("rm", ["-r", join(servicesDir, "web/new")]);
        }
      },
    ],
  ];
  for (const [what, code, attempt] of broken) {
    test(`with ${what} is refused and leaves nothing`, async () => {
      await using fixture = await createFilesFixture();
      const before = await names(fixture);
      await assert.rejects(attempt(fixture), { code });
      assert.deepEqual(await names(fixture), before);
      assert.deepEqual(fixture.registry.uploads.all(), []);
      assert.deepEqual(await descriptorsIn(fixture.directory), []);
    });
  }

  test("of many to one path ends with one of them whole", async () => {
    await using fixture = await createFilesFixture();
    const sizeBytes = 64 * 1024;
    const letters = [..."abcdefghijklmnop"];
    const pushes = letters.map((letter) => fixture.push("web", "shared.txt", letter.repeat(sizeBytes)));
    const reading = (async () => {
      const seen = new Set<string>();
      for (let round = 0; round < 100; round += 1) {
        const text = await readFile(join(fixture.servicesDir, "web/shared.txt"), "utf8").catch(() => "");
        if (text !== "") seen.add(`${text.length} ${[...new Set(text)].join("")}`);
      }
      return seen;
    })();
    await Promise.all(pushes);
    for (const seen of await reading) assert.match(seen, /^65536 [a-p]$/);
    assert.deepEqual(await names(fixture), ["config", "config/app.toml", "shared.txt"]);
  });
});

/** Gives the service `small` a disk of 80 MiB. */
async function withSmallDisk(body: (fixture: FilesFixture, disk: string) => Promise<void>): Promise<void> {
  await using fixture = await createFilesFixture();
  const disk = join(fixture.servicesDir, "small");
  await mkdir(disk);
  await run("mount", ["-t", "tmpfs", "-o", "size=80m", "tmpfs", disk]);
  try {
    await body(fixture, disk);
  } finally {
    await run("umount", ["--lazy", disk]);
  }
}

describe("a full disk", () => {
  test("is seen before anything is sent, with a reserve; small files only have to fit", () =>
    withSmallDisk(async (fixture, disk) => {
      const { files } = fixture;
      await assert.rejects(files.push(request("big", 40 * mebibyte, { service: "small" }), "tester"), {
        code: "DISK_FULL",
        found: "it has 40.0 MiB; 80.0 MiB are free, of which 64.0 MiB must stay so",
      });
      await writeFile(join(disk, "filling"), Buffer.alloc(77 * mebibyte));
      await fixture.push("small", "small.toml", "a = 1\n");
      assert.equal(await readFile(join(disk, "small.toml"), "utf8"), "a = 1\n");
    }));

  test("that comes while it is written leaves the old file", () =>
    withSmallDisk(async ({ files, registry }, disk) => {
      await writeFile(join(disk, "data"), "old\n");
      await using push = await files.push(request("data", 10 * mebibyte, { service: "small" }), "tester");
      await push.write(Buffer.alloc(mebibyte));
      await writeFile(join(disk, "filling"), Buffer.alloc(78 * mebibyte));
      await assert.rejects(push.write(Buffer.alloc(9 * mebibyte)), { code: "DISK_FULL" });
      assert.equal(await readFile(join(disk, "data"), "utf8"), "old\n");
      assert.deepEqual((await readdir(disk)).toSorted(), ["data", "filling"]);
      assert.deepEqual(registry.uploads.all(), []);
    }));
});

describe("a pull", () => {
  test("notices a file that changes", async () => {
    await using fixture = await createFilesFixture();
    const file = join(fixture.servicesDir, "web/config/app.toml");
    for (const [what, change] of [
      ["longer", () => writeFile(file, "much longer than before\n")],
      ["the same size", () => writeFile(file, "OLD\n")],
      ["shorter", () => writeFile(file, "")],
    ] as const) {
      await writeFile(file, "old\n");
      await using pull = await fixture.files.pull({ service: "web", path: "config/app.toml" }, "tester");
      await eventually(async () => {
        await change();
        assert.notEqual((await lstat(file)).mtimeMs, pull.modifiedMs);
      });
      const read = async (): Promise<void> => {
        await pull.read();
        await pull.finish();
      };
      await assert.rejects(read(), { code: "FILE_CHANGED_WHILE_READ" }, what);
    }
  });

  test("reads one version of a file that is replaced meanwhile", async () => {
    await using fixture = await createFilesFixture();
    await fixture.push("web", "data", "1".repeat(mebibyte));
    await using pull = await fixture.files.pull({ service: "web", path: "data" }, "tester");
    const first = await pull.read();
    await fixture.push("web", "data", "2".repeat(mebibyte));
    const rest: Uint8Array[] = [];
    for (let chunk = first; chunk !== undefined; chunk = await pull.read()) rest.push(chunk);
    assert.deepEqual(Buffer.from(await pull.finish()), sumOf("1".repeat(mebibyte)));
    assert.equal(Buffer.concat(rest).toString(), "1".repeat(mebibyte));
  });

  test("in one piece is for small files", async () => {
    await using fixture = await createFilesFixture();
    await using handle = await open(join(fixture.servicesDir, "web/large"), "w");
    await handle.truncate(4 * mebibyte);
    await assert.rejects(fixture.pull("web", "large"), { code: "FILE_TOO_LARGE" });
  });
});
