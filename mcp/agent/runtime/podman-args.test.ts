import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, test } from "node:test";
import fc from "fast-check";
import { createCommand, shellLine } from "./podman-args.ts";
import { containerSpec } from "./podman-spec.ts";
import type { ContainerRequest } from "./runtime.ts";

const plain: ContainerRequest = {
  ...{ name: "shop-api", image: "localhost/web:v1", network: "", networkAliases: [], user: "", restart: "" },
  ...{ ports: [], volumes: [], env: [], cmd: [], labels: {}, stopTimeoutS: 10 },
};

const full: ContainerRequest = {
  name: "shop-api",
  image: "localhost/web:v1",
  network: "shop-net",
  networkAliases: ["api", "shop-api"],
  user: "1000:1000",
  restart: "on-failure:3",
  ports: ["127.0.0.1:8080:80", "9000-9001:90-91/udp"],
  volumes: ["/srv/shop:/data:ro", "cache:/cache"],
  env: ["PORT=80", "DB_PASSWORD=hunter2=", "EMPTY="],
  cmd: ["serve", "it's quiet"],
  labels: { a: "b" },
  stopTimeoutS: 30,
};

describe("a request", () => {
  test("with nothing set becomes podman's defaults, --init and a bounded log", () => {
    assert.deepEqual(containerSpec(plain), {
      name: "shop-api",
      image: "localhost/web:v1",
      env: {},
      labels: {},
      init: true,
      stop_timeout: 10,
      restart_policy: "no",
      portmappings: [],
      mounts: [],
      volumes: [],
      log_configuration: { driver: "k8s-file", size: 104_857_600 },
    });
  });

  test("with everything set becomes the body of the API's call", () => {
    assert.deepEqual(containerSpec(full), {
      name: "shop-api",
      image: "localhost/web:v1",
      command: ["serve", "it's quiet"],
      env: { PORT: "80", DB_PASSWORD: "hunter2=", EMPTY: "" },
      labels: { a: "b" },
      user: "1000:1000",
      init: true,
      stop_timeout: 30,
      restart_policy: "on-failure",
      restart_tries: 3,
      netns: { nsmode: "bridge" },
      networks: { "shop-net": { aliases: ["api", "shop-api"] } },
      portmappings: [
        { host_ip: "127.0.0.1", host_port: 8080, container_port: 80, protocol: "tcp", range: 1 },
        { host_ip: "", host_port: 9000, container_port: 90, protocol: "udp", range: 2 },
      ],
      mounts: [{ type: "bind", source: "/srv/shop", destination: "/data", options: ["ro"] }],
      volumes: [{ Name: "cache", Dest: "/cache", Options: [] }],
      log_configuration: { driver: "k8s-file", size: 104_857_600 },
    });
  });

  test("with everything set becomes the command, without the values of its environment", () => {
    assert.deepEqual(createCommand(full), [
      ...["podman", "create", "--name", "shop-api", "--init", "--stop-timeout", "30"],
      ...["--log-driver", "k8s-file", "--log-opt", "max-size=104857600"],
      ...["--restart", "on-failure:3", "--network", "shop-net"],
      ...["--network-alias", "api", "--network-alias", "shop-api", "--user", "1000:1000"],
      ...["--publish", "127.0.0.1:8080:80", "--publish", "9000-9001:90-91/udp"],
      ...["--volume", "/srv/shop:/data:ro", "--volume", "cache:/cache"],
      ...["--env", "PORT", "--env", "DB_PASSWORD", "--env", "EMPTY"],
      ...["--label", "a=b", "localhost/web:v1", "serve", "it's quiet"],
    ]);
  });

  for (const [network, expected] of [
    ["host", { nsmode: "host" }],
    ["none", { nsmode: "none" }],
    ["bridge", { nsmode: "bridge" }],
    ["slirp4netns:port_handler=slirp4netns", { nsmode: "slirp4netns", value: "port_handler=slirp4netns" }],
    ["container:shop-db", { nsmode: "container", value: "shop-db" }],
    ["ns:/run/netns/x", { nsmode: "path", value: "/run/netns/x" }],
  ] as const) {
    test(`in network ${network} has no aliases, which only user-defined networks know`, () => {
      const request = { ...plain, network, networkAliases: ["api"] };
      assert.deepEqual(containerSpec(request).netns, expected);
      assert.equal(containerSpec(request).networks, undefined);
      assert.equal(createCommand(request).includes("--network-alias"), false);
    });
  }
});

describe("a logged command", () => {
  test("is quoted only where a shell needs it", () => {
    assert.equal(
      shellLine(["podman", "exec", "a", "it's", "$HOME", ""]),
      `podman exec a 'it'\\''s' '$HOME' ''`,
    );
  });

  test("is read back by a shell as the same words", () => {
    const word = fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0"));
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 8 }), (words) => {
        const line = `printf '%s\\0' ${shellLine(words)}`;
        const read = execFileSync("/bin/sh", ["-c", line], { encoding: "utf8" });
        assert.deepEqual(read.split("\0").slice(0, -1), words);
      }),
      { numRuns: 30 },
    );
  });
});
