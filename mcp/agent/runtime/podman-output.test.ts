import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import {
  type InspectedContainer,
  type InspectedImage,
  type ListedContainer,
  parseImage,
  parseInspected,
  parseListed,
} from "./podman-output.ts";

/* podman-4-*.json were captured from podman 4.3.1; podman-5-*.json have the fields that podman 5 types
 * differently in its way. */

function fixture<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), "utf8")) as T;
}

const digest = "sha256:e020e50fe039e46ebb5ea8368960770a2ee53e1ef03320b5f2a43d462e69fb4a";

describe("a listing", () => {
  const [exited, running, created] = fixture<ListedContainer[]>("podman-4-list").map(parseListed);

  test("shows a running container with its ports, one by one, and its network", () => {
    assert.deepEqual(running, {
      id: "9b91da378164b92304334755b90ac874085763e1b818096b848835671f5d9854",
      name: "shop-api",
      image: "localhost/web:v1",
      imageId: "14860287bf1215ae86c6cdb31426e23cdb81b46750e4e3b30799c9cbdda0a25d",
      state: "running",
      pid: 8771,
      createdAtMs: Date.parse("2026-11-21T07:10:14.419Z"),
      startedAtMs: 1_795_245_014_000,
      exitedAtMs: 0,
      exitCode: 0,
      labels: { "net.metacircular.mcp.service": "shop" },
      ports: ["127.0.0.1:18091:8081/tcp", "0.0.0.0:19000:9000/udp", "0.0.0.0:19001:9001/udp"],
      networks: ["shop-net"],
    });
  });

  test("reads null lists of an exited container as empty, and no PID", () => {
    assert.equal(exited?.state, "exited");
    assert.equal(exited.pid, 0);
    assert.equal(exited.exitedAtMs, 1_795_244_021_000);
    assert.deepEqual([exited.labels, exited.ports], [{}, []]);
  });

  test("reads Go's zero time of a container that never ran as 0", () => {
    assert.deepEqual([created?.state, created?.startedAtMs, created?.exitedAtMs], ["created", 0, 0]);
  });

  test("of podman 5, with creation as a number, reads the same", () => {
    const [, later] = fixture<ListedContainer[]>("podman-5-list").map(parseListed);
    assert.deepEqual(later, { ...running, createdAtMs: 1_795_244_880_000 });
  });

  for (const [state, expected] of [
    ["initialized", "created"],
    ["configured", "created"],
    ["paused", "paused"],
    ["stopping", "stopping"],
    ["stopped", "exited"],
    ["removing", "unknown"],
    ["", "unknown"],
  ] as const) {
    test(`calls podman's "${state}" ${expected}`, () => {
      assert.equal(parseListed({ Id: "1", State: state }).state, expected);
    });
  }

  test("shows no PID for a container that is stopping, where podman still names the last one", () => {
    assert.equal(parseListed({ Id: "1", State: "stopping", Pid: 4711 }).pid, 0);
  });
});

describe("an inspection", () => {
  const running = parseInspected(fixture<InspectedContainer>("podman-4-inspect-running"));

  test("shows what only it knows", () => {
    assert.equal(running.state, "running");
    assert.equal(running.pid, 8771);
    assert.equal(running.imageDigest, digest);
    assert.equal(running.restart, "on-failure:3");
    assert.equal(running.user, "nobody");
    assert.equal(running.outOfMemoryKilled, false);
    assert.deepEqual(running.mounts, ["shop-cache:/cache", "/srv/shop/data:/data:ro"]);
    assert.deepEqual(running.ports, [
      "127.0.0.1:18091:8081/tcp",
      "0.0.0.0:19000:9000/udp",
      "0.0.0.0:19001:9001/udp",
    ]);
    assert.ok(running.env.includes("PORT=8081"));
  });

  test("takes the networks from the settings, as NetworkMode says bridge for every user-defined network", () => {
    assert.deepEqual(running.networks, ["shop-net"]);
    assert.equal(running.address, "10.79.250.2");
  });

  test("of podman 5, with Entrypoint as a list and StopSignal as text, reads the same", () => {
    const later = parseInspected(fixture<InspectedContainer>("podman-5-inspect-running"));
    assert.deepEqual(later, { ...running, imageDigest: `sha256:${"5".repeat(64)}` });
  });

  test("reads an unset restart policy, which podman writes as nothing, as no", () => {
    const exited = parseInspected(fixture<InspectedContainer>("podman-4-inspect-exited"));
    assert.equal(exited.restart, "no");
    assert.deepEqual([exited.state, exited.exitCode, exited.pid], ["exited", 3, 0]);
    assert.equal(exited.exitedAtMs, Date.parse("2026-11-21T06:53:41.375Z"));
    assert.equal(exited.address, "");
  });
});

describe("an image", () => {
  const inspected = fixture<InspectedImage>("podman-4-image");

  test("that was never pushed has its local digest", () => {
    assert.deepEqual(parseImage(inspected, "localhost/web:v1"), {
      id: "14860287bf1215ae86c6cdb31426e23cdb81b46750e4e3b30799c9cbdda0a25d",
      digest,
      digests: [digest],
      architecture: "amd64",
      os: "linux",
      layers: [
        "sha256:90af98da4adfce0cc2a75b5b2ac09f909addb765ce46d99ef3783e21960eb0de",
        "sha256:00f64416fc5e87c12ddeee96f3f31c024557b9503844fc97e4a27e453316a7db",
      ],
    });
  });

  test("has the digest of the registry it is referred to by, not the local one", () => {
    const registered = `sha256:${"a".repeat(64)}`;
    const pushed = {
      ...inspected,
      RepoDigests: [
        `localhost/web@${digest}`,
        `mcr.example.net:5000/web@${digest}`,
        `mcr.example.net:5000/web@${registered}`,
        `other.example.net/web@sha256:${"b".repeat(64)}`,
      ],
    };
    assert.equal(parseImage(pushed, "mcr.example.net:5000/web:v1").digest, registered);
    assert.equal(parseImage(pushed, `mcr.example.net:5000/web@${registered}`).digest, registered);
    assert.equal(parseImage(pushed, "localhost/web:v1").digest, digest);
    const byId = parseImage(pushed, pushed.Id, { repository: "mcr.example.net:5000/web" });
    assert.deepEqual([byId.digest, byId.digests], [registered, [digest, registered]]);
  });

  test("that was here before it was pulled is shown by podman 4 under its first digest, by 5 under its last", () => {
    const pulled = fixture<InspectedImage>("podman-5-image-pulled");
    const [registered = "", first = ""] = (pulled.RepoDigests ?? []).map((each) => each.split("@")[1]);
    const reference = "mcr.example.net:5000/team/web:v1";
    assert.equal(pulled.Digest, registered);
    assert.equal(parseImage(pulled, reference, { version: "5.4.2" }).digest, registered);
    const before = { ...pulled, Digest: first };
    assert.equal(parseImage(before, reference, { version: "4.3.1" }).digest, registered);
  });
});
