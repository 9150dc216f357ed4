import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fromConnectError } from "@metacircular/mcdsl/grpc/errors.ts";
import { type AdoptResponse, OperationOutcome } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { freePort } from "@metacircular/testkit/free-port.ts";
import { type AdoptionNode, createAdoptionNode, lasting } from "./adoption-node.ts";

const { SUCCEEDED, UNCHANGED, PARTLY_FAILED } = OperationOutcome;

let machine: AdoptionNode;
before(async () => {
  machine = await createAdoptionNode();
});
after(() => machine[Symbol.asyncDispose]());

function byContainer({ results }: AdoptResponse) {
  return new Map(results.map((result) => [result.container, result]));
}

function refusals({ results }: AdoptResponse): string[] {
  return results.flatMap(({ container, detail }) =>
    detail === undefined ? [] : [`${container}: ${detail.found}`],
  );
}

describe("adopting containers that were created by hand", () => {
  test("should make a definition of all kinds of options that changes nothing", async () => {
    const data = join(machine.node.directory, "data");
    await mkdir(data);
    await machine.node.podman.network("backend");
    await machine.node.podman.network("frontend");
    await machine.node.podman.image("localhost/own:v1", {
      ...{ entrypoint: ["/bin/sh", "-c"], cmd: ["trap 'exit 0' TERM; while :; do sleep 0.2; done"] },
      ...{ env: ["MODE=image", "LEVEL=info"], user: "nobody", labels: { vendor: "us" } },
    });
    const [http, admin, udp] = [await freePort(), await freePort(), await freePort()];
    const entrypoint = ["--entrypoint", "/bin/sh"];
    const loop = "trap 'exit 0' TERM; while :; do sleep 0.2; done";
    const other = `: other; ${loop}`;
    await machine.node.podman.image("localhost/bare:v2", { cmd: ["/bin/sh", "-c", loop] });
    await machine.byHand(
      [
        "shop-ports",
        "-p",
        `${http}:80`,
        "-p",
        `127.0.0.1:${admin}:81`,
        "-p",
        `${udp}-${udp + 2}:90-92/udp`,
        lasting,
      ],
      [
        "shop-volumes",
        "-v",
        `${data}:/rw`,
        "-v",
        `${data}:/ro:ro,z,nosuid`,
        "-v",
        "shop-cache:/cache",
        "-v",
        `${data}:/s:rslave`,
        lasting,
      ],
      ["shop-env", "-e", "A=b=c", "-e", "EMPTY=", "-e", "LEVEL=debug", "-e", "HOME=/srv", "localhost/own:v1"],
      ["shop-user", "--user", "1000:1000", "--network", "backend", "localhost/own:v1", other],
      ["shop-host", "--network", "host", "--restart", "on-failure:3", lasting],
      ["shop-none", "--network", "none", "--restart", "always", "localhost/bare:v2"],
      ["shop-entry", ...entrypoint, "--restart", "unless-stopped", "localhost/bare:v2", "-c", loop],
      ["shop", lasting],
      ["shop-stopped", lasting],
    );
    await machine.podman("stop", "shop-stopped");
    const names = ["", "-ports", "-volumes", "-env", "-user", "-host", "-none", "-entry", "-stopped"].map(
      (rest) => `shop${rest}`,
    );
    const dry = await machine.client().adoptContainer({ service: "shop", dryRun: true });
    assert.equal(dry.operationId, "");
    assert.equal(
      (await machine.client().listServices({})).services.find(({ name }) => name === "shop")?.spec,
      undefined,
    );
    const response = await machine.client().adoptContainer({ service: "shop" });
    assert.deepEqual(refusals(response), []);
    assert.equal(response.outcome, SUCCEEDED);
    assert.deepEqual(
      dry.results.map(({ spec }) => spec),
      response.results.map(({ spec }) => spec),
    );
    const specs = new Map(response.results.map(({ component, spec }) => [component, spec]));
    assert.deepEqual(
      specs.get("ports")?.ports,
      [
        ...[`${http}:80`, `127.0.0.1:${admin}:81`].toSorted((a, b) => port(a) - port(b)),
        ...[0, 1, 2].map((offset) => `${udp + offset}:${90 + offset}/udp`),
      ].toSorted((a, b) => port(a) - port(b)),
    );
    assert.deepEqual(specs.get("volumes")?.volumes, [
      "shop-cache:/cache",
      `${data}:/ro:ro,nosuid,z`,
      `${data}:/rw`,
      `${data}:/s:rslave`,
    ]);
    assert.deepEqual(specs.get("env")?.env.toSorted(), ["A=b=c", "EMPTY=", "HOME=/srv", "LEVEL=debug"]);
    // The default network of a test's podman has a name of its own.
    const joined = "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}}{{end}}";
    const usual = (await machine.podman("inspect", "shop-ports", "--format", joined)).trim();
    assert.deepEqual(
      ["user", "host", "none", "ports"].map((name) => [specs.get(name)?.user, specs.get(name)?.network]),
      [
        ["1000:1000", "backend"],
        ["", "host"],
        ["", "none"],
        ["", usual],
      ],
    );
    assert.deepEqual(
      ["host", "none", "entry", "user"].map((name) => specs.get(name)?.restart),
      ["on-failure:3", "always", "unless-stopped", "no"],
    );
    assert.deepEqual(specs.get("entry")?.cmd, ["/bin/sh", "-c", loop]);
    assert.deepEqual(specs.get("user")?.cmd, [other]);
    assert.deepEqual(specs.get("env")?.cmd, []);
    const states = byContainer(response);
    assert.equal(states.get("shop-stopped")?.desiredState, "stopped");
    // A service runs or does not: what is stopped beside what runs would be started.
    assert.deepEqual(
      (await machine.client().planDeploy({ service: await machine.specOf("shop") })).changes
        .filter(({ action }) => action !== "none")
        .map(({ component, action }) => [component, action]),
      [["stopped", "start"]],
    );
    await machine.podman("start", "shop-stopped");
    await machine.client().startService({ name: "shop" });
    await machine.assertRoundTrip("shop", names);
    await machine.client().stopService({ name: "shop" });
    await machine.assertRoundTrip("shop", names);
  });

  test("should say what a definition cannot carry, and lose none of it before a deploy", async () => {
    await machine.byHand([
      "odd-web",
      "--cap-add",
      "NET_ADMIN",
      "--memory",
      "64m",
      "--hostname",
      "here",
      "--tmpfs",
      "/scratch",
      ...["--network", "backend", "--network", "frontend", "--network-alias", "www", "-v", "/nameless"],
      ...[
        "--label",
        "owner=secret",
        "--add-host",
        "db:10.0.0.1",
        "--workdir",
        "/tmp",
        "--sysctl",
        "net.ipv4.ip_forward=0",
      ],
      ...["--entrypoint", "/bin/sleep", "--stop-timeout", "1", lasting, "1000"],
    ]);
    const response = await machine.client().adoptContainer({ service: "odd" });
    const notes =
      byContainer(response)
        .get("odd-web")
        ?.notCarried.map((note) => note.replace(/[0-9a-f]{64}/, "ID")) ?? [];
    assert.deepEqual(notes.toSorted(), [
      "--sysctl net.ipv4.ip_forward=0",
      "anonymous volume at /nameless: a replacement begins with an empty one; the contents of this one stay in podman volume ID",
      "capability CAP_NET_ADMIN",
      'entry point ["/bin/sleep"]',
      "host entry db:10.0.0.1",
      "host name here",
      "label owner",
      "memory limit of 67108864 bytes",
      "network alias www",
      "network frontend",
      "stop timeout of 1 s",
      "tmpfs at /scratch",
      "working directory /tmp",
    ]);
    await machine.assertRoundTrip("odd", ["odd-web"]);
    const again = await machine.client().adoptContainer({ service: "odd" });
    assert.deepEqual(
      [again.outcome, again.results[0]?.alreadyManaged, again.results[0]?.success],
      [UNCHANGED, true, true],
    );
  });

  test("should name an image by its digest where its tag says no version or has moved", async () => {
    await machine.node.podman.image("localhost/rolling:latest", { cmd: ["/bin/sleep", "1000"] });
    await machine.node.podman.image("localhost/moved:v1", { cmd: ["/bin/sleep", "999"] });
    await machine.byHand(
      ["pin-latest", "--stop-timeout", "0", "localhost/rolling:latest"],
      ["pin-moved", "--stop-timeout", "0", "localhost/moved:v1"],
    );
    await machine.podman("tag", lasting, "localhost/moved:v1");
    const response = await machine.client().adoptContainer({ service: "pin" });
    assert.deepEqual(refusals(response), []);
    const [latest, moved] = response.results.map(({ spec }) => spec?.image ?? "");
    assert.match(latest ?? "", /^localhost\/rolling:sha256-[0-9a-f]{12}@sha256:[0-9a-f]{64}$/);
    assert.match(moved ?? "", /^localhost\/moved:v1@sha256:[0-9a-f]{64}$/);
    await machine.assertRoundTrip("pin", ["pin-latest", "pin-moved"]);
    await machine.client().undeployService({ name: "pin" });
  });

  test("should refuse single containers with a way out, and take the others", async () => {
    await machine.node.podman.image("localhost/gone:latest", { cmd: ["/bin/sleep", "998"] });
    await machine.byHand(
      ["some-ok", lasting],
      ["some-web_1", lasting],
      ["some-brief", "--rm", lasting],
      ["some-shared", "--network", "container:odd-web", lasting],
    );
    const response = await machine.client().adoptContainer({ service: "some" });
    assert.equal(response.outcome, PARTLY_FAILED);
    const results = byContainer(response);
    assert.deepEqual(
      [...results].map(([name, { success }]) => [name, success]),
      [
        ["some-brief", false],
        ["some-ok", true],
        ["some-shared", false],
        ["some-web_1", false],
      ],
    );
    assert.match(results.get("some-web_1")?.detail?.remedy ?? "", /podman rename some-web_1 some-web-1;/);
    assert.match(results.get("some-brief")?.detail?.found ?? "", /--rm/);
    assert.match(results.get("some-shared")?.detail?.found ?? "", /network "container:/);
    assert.ok(
      response.results.every(({ success, detail }) => success || detail?.code === "ADOPTION_REFUSED"),
    );
    await machine.podman("rename", "some-web_1", "some-web-1");
    const renamed = await machine.client().adoptContainer({ service: "some" });
    assert.equal(byContainer(renamed).get("some-web-1")?.success, true);
    assert.equal((await machine.specOf("some")).components.length, 2);
  });

  test("should take one that ends and is restarted all the time, or is paused, for one that should run", async () => {
    await machine.byHand(
      ["busy-loop", "--restart", "always", "localhost/web:exits"],
      ["busy-paused", lasting],
    );
    await machine.podman("pause", "busy-paused");
    const { results } = await machine.client().adoptContainer({ service: "busy" });
    assert.deepEqual(
      results.map(({ container, desiredState }) => [container, desiredState]),
      [
        ["busy-loop", "running"],
        ["busy-paused", "running"],
      ],
    );
    await machine.client().undeployService({ name: "busy" });
  });

  test("should never take mc-proxy for mc, nor what belongs to a service that somebody knows", async () => {
    await machine.byHand(["mc-proxy", lasting], ["mc-api", lasting], ["mc-log-web", lasting]);
    const names = (response: AdoptResponse) => response.results.map(({ container }) => container);
    const all = await machine.client().adoptContainer({ service: "mc", dryRun: true });
    assert.deepEqual(names(all), ["mc-api", "mc-log-web"]);
    const known = await machine
      .client()
      .adoptContainer({ service: "mc", dryRun: true, knownServices: ["mc-log"] });
    assert.deepEqual(names(known), ["mc-api"]);
    await machine.client().adoptContainer({ service: "mc-log" });
    assert.deepEqual(names(await machine.client().adoptContainer({ service: "mc" })), ["mc-api"]);
    assert.deepEqual(names(await machine.client().adoptContainer({ service: "mc-proxy" })), ["mc-proxy"]);
    const { services } = await machine.client().listServices({});
    const listed = services
      .filter(({ name }) => name.startsWith("mc"))
      .map(({ name, components }) => [name, ...components.map((component) => component.container)]);
    assert.deepEqual(listed, [
      ["mc", "mc-api"],
      ["mc-log", "mc-log-web"],
      ["mc-proxy", "mc-proxy"],
    ]);
  });

  test("should say which containers there are where none has the service's name", async () => {
    const error = await machine
      .client()
      .adoptContainer({ service: "some-s" })
      .catch((thrown: unknown) => fromConnectError(thrown));
    assert.ok(error instanceof Error && "code" in error && error.code === "NOTHING_TO_ADOPT");
    assert.match(error.message, /similar are some-shared; .*podman rename some-shared some-s-hared/);
  });
});

function port(mapping: string): number {
  return Number(mapping.replace(/^127\.0\.0\.1:/, "").split(":")[0]);
}
