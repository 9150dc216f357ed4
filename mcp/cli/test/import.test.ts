import assert from "node:assert/strict";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";

import { parsed } from "./tool.ts";
import { createWorkplace, type Workplace } from "./workplace.ts";

const compose = `services:
  web:
    image: docker.io/library/nginx:1.27.3
    labels: [a=b]
`;

const definition = `name = "shop"
node = "rift"

[[components]]
name = "web"
image = "docker.io/library/nginx:1.27.3"
restart = "no"
`;

async function withCompose(text = compose): Promise<Workplace & { readonly file: string }> {
  const workplace = await createWorkplace({ rift: null });
  const directory = join(workplace.directory, "shop");
  await mkdir(directory);
  await writeFile(join(directory, "compose.yaml"), text);
  return { ...workplace, file: join(directory, "compose.yaml") };
}

describe("mcp service import", () => {
  test("writes a definition that can be deployed, and lists what is missing with file and line", async () => {
    await using workplace = await withCompose();
    const { code, stdout, stderr } = await workplace.mcp("service", "import", workplace.file);
    assert.deepEqual([code, stdout], [0, ""]);
    const target = join(workplace.directory, "services", "shop.toml");
    assert.equal(
      stderr,
      `not carried over:\n  ${workplace.file}:4: services.web.labels: a definition has no labels\ncreated ${target}\n`,
    );
    assert.equal(await workplace.definition("shop"), definition);
    assert.equal((await stat(target)).mode & 0o777, 0o600);
    assert.match((await workplace.mcp("service", "import", workplace.file)).stderr, /says this already/);
  });

  test("does not replace a file without --yes where nobody can be asked", async () => {
    await using workplace = await withCompose();
    await workplace.define("shop", "# mine\n");
    const refused = await workplace.mcp("service", "import", workplace.file);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /code: CONFIRMATION_NEEDED/);
    assert.equal(await workplace.definition("shop"), "# mine\n");
    assert.equal((await workplace.mcp("service", "import", workplace.file, "-y")).code, 0);
    assert.equal(await workplace.definition("shop"), definition);
  });

  test("--dry-run and --stdout print the definition and write nothing", async () => {
    await using workplace = await withCompose();
    for (const option of ["--dry-run", "--stdout"]) {
      const { code, stdout } = await workplace.mcp("service", "import", workplace.file, option);
      assert.deepEqual([code, stdout], [0, definition]);
    }
    assert.deepEqual(await readdir(join(workplace.directory, "services")), []);
  });

  test("-f names the file, --service the service, and JSON has the notes", async () => {
    await using workplace = await withCompose();
    const out = join(workplace.directory, "out.toml");
    const argv = ["service", "import", workplace.file, "-f", out, "--service", "store", "-o", "json"];
    const result = await workplace.mcp(...argv);
    assert.equal(result.code, 0, result.stderr);
    assert.equal(await readFile(out, "utf8"), definition.replace("shop", "store"));
    const { services, notes } = parsed<{ services: { file: string }[]; notes: unknown[] }>(result.stdout);
    assert.equal(services[0]?.file, out);
    assert.deepEqual(notes, [
      {
        kind: "left-out",
        file: workplace.file,
        line: 4,
        key: "services.web.labels",
        message: "a definition has no labels",
      },
    ]);
  });

  test("asks for the version of an image by refusing, and takes it from --image", async () => {
    await using workplace = await withCompose(compose.replace(":1.27.3", ":latest"));
    const refused = await workplace.mcp("service", "import", workplace.file);
    assert.equal(refused.code, 2);
    assert.match(
      refused.stderr,
      /compose\.yaml:3: services\.web\.image: .* choose one with --image web=:<version>/,
    );
    assert.match(refused.stderr, /code: IMPORT_INCOMPLETE/);
    assert.deepEqual(await readdir(join(workplace.directory, "services")), []);
    assert.equal(
      (await workplace.mcp("service", "import", workplace.file, "--image", "web=:1.27.3")).code,
      0,
    );
    assert.equal(await workplace.definition("shop"), definition);
  });

  test("several files become several services, and only one of them fits --stdout", async () => {
    await using workplace = await withCompose();
    const other = join(workplace.directory, "other");
    await mkdir(other);
    await writeFile(join(other, "app.container"), "[Container]\nImage=a.io/b:1\n");
    assert.equal((await workplace.mcp("service", "import", workplace.file, other)).code, 0);
    assert.deepEqual((await readdir(join(workplace.directory, "services"))).toSorted(), [
      "app.toml",
      "shop.toml",
    ]);
    const refused = await workplace.mcp("service", "import", workplace.file, other, "--stdout");
    assert.match(refused.stderr, /these are 2 services \(shop, app\), and --stdout is for one/);
  });

  test("says what it cannot read", async () => {
    await using workplace = await withCompose();
    for (const [path, message] of [
      [join(workplace.directory, "none.yaml"), "there is no such file"],
      [join(workplace.directory, "mcp.toml"), "it is neither a compose file"],
      [join(workplace.directory, "services"), "there is neither a compose file nor a Quadlet unit in it"],
    ] as const) {
      const { code, stderr } = await workplace.mcp("service", "import", path);
      assert.equal(code, 2);
      assert.ok(stderr.includes(message) && stderr.includes("code: IMPORT_UNREADABLE"), stderr);
    }
  });

  test("needs to know the node", async () => {
    await using workplace = await createWorkplace({ rift: null, svc: null });
    const file = join(workplace.directory, "compose.yaml");
    await writeFile(file, `name: shop\n${compose}`);
    const refused = await workplace.mcp("service", "import", file);
    assert.equal(refused.code, 2);
    assert.match(
      refused.stderr,
      /it could be for rift, svc\n {2}next: choose one with --node\n {2}code: NODE_MISSING/,
    );
    const result = await workplace.mcp("--node", "svc", "service", "import", file);
    assert.equal(result.code, 0, result.stderr);
    assert.match(await workplace.definition("shop"), /^node = "svc"$/m);
  });
});
