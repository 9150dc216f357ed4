import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { OperationOutcome } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { freePort } from "@metacircular/testkit/free-port.ts";
import { type AdoptionNode, createAdoptionNode, lasting } from "./adoption-node.ts";

const { SUCCEEDED, UNCHANGED, RESTORED } = OperationOutcome;

let machine: AdoptionNode;
before(async () => {
  machine = await createAdoptionNode();
});
after(() => machine[Symbol.asyncDispose]());

describe("a container that was taken over", () => {
  test("should come back when a deploy over it fails, and leave its anonymous volume when one succeeds", async () => {
    await machine.byHand(["over-web", "-v", "/keep", lasting]);
    await machine.podman("exec", "over-web", "sh", "-c", "echo precious >/keep/file");
    const volume = (
      await machine.podman("inspect", "over-web", "--format", "{{(index .Mounts 0).Name}}")
    ).trim();
    await machine.client().adoptContainer({ service: "over" });
    const existing = (await machine.podman("inspect", "over-web", "--format", "{{.Id}}")).trim();
    const spec = await machine.specOf("over");
    const change = (image: string) => {
      const components = spec.components.map((component) => ({ ...component, image }));
      return machine.client().deploy({ service: { ...spec, components } });
    };
    assert.equal((await change("localhost/web:exits")).outcome, RESTORED);
    assert.equal(
      (await machine.podman("inspect", "over-web", "--format", "{{.Id}} {{.State.Status}}")).trim(),
      `${existing} running`,
    );
    await machine.assertRoundTrip("over", ["over-web"]);
    assert.equal((await change("localhost/web:v1")).outcome, SUCCEEDED);
    assert.notEqual((await machine.podman("inspect", "over-web", "--format", "{{.Id}}")).trim(), existing);
    const kept = await machine.podman("run", "--rm", "-v", `${volume}:/kept`, lasting, "cat /kept/file");
    assert.equal(kept, "precious\n");
    await machine.client().undeployService({ name: "over" });
    assert.equal((await machine.podman("ps", "-a", "--format", "{{.Names}}")).includes("over-web"), false);
  });

  test("should be drift once somebody removes it, and be created again by a start", async () => {
    const options = [
      "-v",
      "lost-data:/data:ro",
      "-e",
      "MODE=a b",
      "--user",
      "1000:1000",
      "--restart",
      "on-failure:2",
    ];
    await machine.byHand(["lost-web", ...options, lasting]);
    const format =
      "{{range .Mounts}}{{.Name}} {{.RW}}{{end}} {{.Config.User}} {{.HostConfig.RestartPolicy}} {{.Config.Cmd}}";
    const before = await machine.podman("inspect", "lost-web", "--format", format);
    await machine.client().adoptContainer({ service: "lost" });
    await machine.podman("rm", "-f", "lost-web");
    const { drift } = await machine.client().getServiceStatus({ name: "lost" });
    assert.deepEqual(
      drift.map(({ component, observedState }) => [component, observedState]),
      [["web", "removed"]],
    );
    assert.equal((await machine.client().startService({ name: "lost" })).outcome, SUCCEEDED);
    assert.equal(await machine.podman("inspect", "lost-web", "--format", format), before);
    assert.match(await machine.podman("exec", "lost-web", "env"), /^MODE=a b$/m);
    await machine.assertRoundTrip("lost", ["lost-web"]);
    await machine.client().undeployService({ name: "lost" });
  });
});

test("containers of podman-compose should be taken over, and say that compose is to be left alone", async () => {
  await machine.node.podman.network("blog-net");
  const directory = join(machine.node.directory, "blog");
  await mkdir(directory);
  await writeFile(
    join(directory, "compose.yaml"),
    `services:
  web:
    image: ${lasting}
    container_name: blog-web
    environment: { MODE: production }
    ports: ["127.0.0.1:${await freePort()}:80"]
    volumes: ["blog-data:/data"]
    restart: always
  db:
    image: ${lasting}
    container_name: blog-db
    volumes: ["./conf:/conf:ro"]
volumes: { blog-data: { name: blog-data } }
networks: { default: { name: blog-net, external: true } }
`,
  );
  await mkdir(join(directory, "conf"));
  await promisify(execFile)("podman-compose", ["up", "-d"], {
    cwd: directory,
    env: machine.node.podman.environment,
  });
  const response = await machine.client().adoptContainer({ service: "blog" });
  assert.equal(response.outcome, SUCCEEDED);
  const [db, web] = response.results;
  assert.deepEqual([db?.component, web?.component], ["db", "web"]);
  assert.deepEqual(web?.spec?.env, ["MODE=production"]);
  assert.deepEqual(web.spec.volumes, ["blog-data:/data"]);
  assert.deepEqual([web.spec.network, web.spec.restart], ["blog-net", "always"]);
  assert.deepEqual(db?.spec?.volumes, [`${directory}/conf:/conf:ro`]);
  assert.ok(web.notCarried.includes("compose project blog: stop using compose for it"));
  await machine.assertRoundTrip("blog", ["blog-db", "blog-web"]);
  await machine.client().undeployService({ name: "blog" });
  assert.deepEqual(
    (await machine.podman("ps", "-a", "--format", "{{.Names}}"))
      .split("\n")
      .filter((name) => name.startsWith("blog")),
    [],
  );
});

test("a machine with 30 containers should be taken over, changed by no deploy, and left empty by a purge", async () => {
  const services = Array.from({ length: 10 }, (_, index) => `site${index}`);
  const parts = ["web", "api", "db"];
  const names = services.flatMap((service) => parts.map((part) => `${service}-${part}`));
  await machine.byHand(
    ...names.map((name, index) => [name, "-e", `NUMBER=${index}`, "--restart", "always", lasting]),
  );
  const seen = (await machine.client().liveCheck({})).services.flatMap(({ components }) => components);
  assert.equal(seen.filter(({ desiredState }) => desiredState === "ignore").length, 30);
  for (const service of services) {
    const response = await machine.client().adoptContainer({ service });
    assert.deepEqual([response.outcome, response.results.length], [SUCCEEDED, 3]);
  }
  const existing = await machine.identities(...names);
  for (const service of services) {
    assert.equal(
      (await machine.client().deploy({ service: await machine.specOf(service) })).outcome,
      UNCHANGED,
    );
  }
  assert.equal(await machine.identities(...names), existing);
  await machine.client().purgeComponents({});
  assert.equal(await machine.identities(...names), existing, "a purge takes nothing that runs");
  await Promise.all(services.map((service) => machine.client().stopService({ name: service })));
  const purged = await machine.client().purgeComponents({});
  assert.equal(purged.results.length, 30);
  assert.equal((await machine.podman("ps", "-a", "--quiet")).trim(), "");
  assert.deepEqual((await machine.client().listServices({})).services, []);
});
