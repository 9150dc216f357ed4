import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { podmanError } from "./podman-errors.ts";

/* What podman 4.3 and 5 say, word for word but for names. */
const messages: readonly [code: string, message: string][] = [
  ["IMAGE_NOT_FOUND", "localhost/nope:v1: image not known"],
  ["IMAGE_NOT_FOUND", "failed to find image localhost/web:v1: localhost/web:v1: image not known"],
  [
    "IMAGE_NOT_FOUND",
    "initializing source docker://mcr.example.net/x:v9: reading manifest v9 in mcr.example.net/x: manifest unknown",
  ],
  [
    "REGISTRY_UNREACHABLE",
    'initializing source docker://127.0.0.1:5999/x:v1: pinging container registry 127.0.0.1:5999: Get "https://127.0.0.1:5999/v2/": dial tcp 127.0.0.1:5999: connect: connection refused',
  ],
  [
    "REGISTRY_UNREACHABLE",
    'initializing source docker://registry.invalid/x:v1: pinging container registry registry.invalid: Get "https://registry.invalid/v2/": dial tcp: lookup registry.invalid: no such host',
  ],
  [
    "REGISTRY_UNTRUSTED",
    'pinging container registry x: Get "https://x/v2/": x509: certificate signed by unknown authority',
  ],
  [
    "IMAGE_WRONG_PLATFORM",
    'choosing an image from manifest list docker://x/y:v1: no image found in manifest list for architecture arm64, variant "v8", OS linux',
  ],
  ["REGISTRY_DENIED", "reading manifest v1 in mcr.example.net/x: unauthorized: authentication required"],
  ["FIREWALL_BUSY", "netavark: code: 1, msg: iptables: Chain already exists.\n"],
  ["NETWORK_NOT_FOUND", "unable to find network with name or ID nope: network not found"],
  ["PORT_IN_USE", "cannot listen on the TCP port: listen tcp4 127.0.0.1:18081: bind: address already in use"],
  ["PORT_IN_USE", "rootlessport listen tcp 0.0.0.0:8080: bind: address already in use"],
  [
    "NAME_IN_USE",
    'creating container storage: the container name "a" is already in use by 4242d364c608. You have to remove that container to be able to reuse that name: that name is already in use',
  ],
  [
    "NAME_IN_USE",
    "renaming container 901f: name a already in use, cannot rename container 901f: container already exists",
  ],
  [
    "NAME_IN_USE",
    "renaming container 901f: updating container config table with new configuration for container 901f: UNIQUE constraint failed: ContainerConfig.Name",
  ],
  [
    "COMMAND_NOT_FOUND",
    'runc: runc create failed: unable to start container process: exec: "/bin/no-such-program": stat /bin/no-such-program: no such file or directory: OCI runtime attempted to invoke a command that was not found',
  ],
  [
    "COMMAND_NOT_FOUND",
    "crun: executable file `serve` not found in $PATH: No such file or directory: OCI runtime attempted to invoke a command that was not found",
  ],
  ["USER_NOT_FOUND", "unable to find user nosuch: no matching entries in passwd file"],
  ["MOUNT_SOURCE_MISSING", "statfs /nope/x: no such file or directory"],
  [
    "DISK_FULL",
    'writing blob: storing blob to file "/var/tmp/storage1/1": write /var/tmp/storage1/1: no space left on device',
  ],
  [
    "DISK_FULL",
    "creating container storage: mkdir /var/lib/containers/storage/overlay/1: disk quota exceeded",
  ],
  ["CONTAINER_NOT_FOUND", 'no container with name or ID "nope" found: no such container'],
  [
    "CONTAINER_STUCK",
    "container 4193 must be in Created or Stopped state to be started: container state improper",
  ],
  ["CONTAINER_NOT_RUNNING", "can only create exec sessions on running containers: container state improper"],
  [
    "CONTAINER_INVALID",
    'running container create option: "sometimes" is not a valid restart policy: invalid argument',
  ],
  ["CONTAINER_INVALID", "repository name must be lowercase"],
  ["RUNTIME_FAILED", "timed out waiting for file /run/libpod/exits/fd0d: internal libpod error"],
];

describe("podman's message", () => {
  for (const [code, message] of messages) {
    test(`"${message.slice(0, 70)}" is ${code}`, () => {
      const error = podmanError({ attempted: "start container", subject: "shop-api", message });
      assert.equal(error.code, code);
      assert.equal(error.found, message);
      assert.ok(error.message.startsWith("cannot start container shop-api: "));
    });
  }
});
