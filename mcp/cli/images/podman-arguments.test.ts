import assert from "node:assert/strict";
import { test } from "node:test";

import type { BuildRequest } from "./image-runtime.ts";
import { buildArguments, podmanEnvironment, pushArguments } from "./podman-arguments.ts";

const request: BuildRequest = {
  image: "mcr.example.net/hello:v1",
  directory: "/src/hello",
  dockerfile: "/src/hello/Containerfile",
  platform: "linux/arm64",
  labels: { "org.opencontainers.image.version": "v1" },
  buildArguments: { KEY: "secret", PATH: "/opt/bin" },
  secrets: ["id=npm,src=/home/kyle/.npmrc"],
  timestampS: 1_700_000_000,
  noCache: true,
  pull: true,
  onLine: () => undefined,
  signal: new AbortController().signal,
};

test("a build has its values in the environment, but for those that podman itself would heed", () => {
  assert.deepEqual(buildArguments(request, "/tmp/id"), {
    argv: [
      "podman",
      "build",
      "--layers",
      "--force-rm",
      "--file=/src/hello/Containerfile",
      "--iidfile=/tmp/id",
      "--platform=linux/arm64",
      "--label=org.opencontainers.image.version=v1",
      "--timestamp=1700000000",
      "--no-cache",
      "--pull",
      "--build-arg=KEY",
      "--build-arg=PATH=/opt/bin",
      "--secret=id=npm,src=/home/kyle/.npmrc",
      "/src/hello",
    ],
    variables: { KEY: "secret" },
  });
});

test("a plain build has nothing that nobody asked for", () => {
  const plain = { ...request, labels: {}, buildArguments: {}, secrets: [], timestampS: undefined };
  const { argv, variables } = buildArguments({ ...plain, noCache: false, pull: false }, "/tmp/id");
  assert.deepEqual(argv.slice(4), [
    "--file=/src/hello/Containerfile",
    "--iidfile=/tmp/id",
    "--platform=linux/arm64",
    "/src/hello",
  ]);
  assert.deepEqual(variables, {});
});

test("a push has login and authority in files, and neither where podman's own login is used", () => {
  const image = "mcr.example.net/hello:v1";
  const files = {
    digestFile: "/t/digest",
    authFile: "/t/auth.json",
    certificateDirectory: "/t/certificates",
  };
  assert.deepEqual(pushArguments("4c4f600b81d2", image, files), [
    "podman",
    "push",
    "--digestfile=/t/digest",
    "--authfile=/t/auth.json",
    "--cert-dir=/t/certificates",
    "4c4f600b81d2",
    `docker://${image}`,
  ]);
  const none = { digestFile: "/t/digest", authFile: undefined, certificateDirectory: undefined };
  assert.deepEqual(pushArguments("4c4f600b81d2", image, none), [
    "podman",
    "push",
    "--digestfile=/t/digest",
    "4c4f600b81d2",
    `docker://${image}`,
  ]);
});

test("podman sees what it needs of the environment, and no token", () => {
  const environment = {
    ...{
      PATH: "/bin",
      HOME: "/root",
      XDG_RUNTIME_DIR: "/run/user/0",
      CONTAINERS_CONF: "/c",
      https_proxy: "http://p",
    },
    ...{
      MCP_TOKEN: "secret",
      AWS_SECRET_ACCESS_KEY: "secret",
      CONTAINER_HOST: "unix:///s",
      EMPTY: undefined,
    },
  };
  assert.deepEqual(Object.keys(podmanEnvironment(environment)).toSorted(), [
    ...["CONTAINERS_CONF", "CONTAINER_HOST", "HOME", "PATH", "XDG_RUNTIME_DIR", "https_proxy"],
  ]);
});
