import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";

import { createOptions } from "./podman-create-command.ts";
import { parseSettings } from "./podman-settings.ts";
import type { ImageSettings, InspectedSettings } from "./podman-settings-input.ts";

/* podman-4-*-by-hand.json were captured from podman 4.3.1, of a container run from the command line. */

function fixture<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), "utf8")) as T;
}

const container = fixture<InspectedSettings>("podman-4-inspect-by-hand");
const image = fixture<ImageSettings>("podman-4-image-by-hand");

function withConfig(config: Partial<InspectedSettings["Config"]>): InspectedSettings {
  return { ...container, Config: { ...container.Config, ...config } };
}

function withHost(host: Partial<NonNullable<InspectedSettings["HostConfig"]>>): InspectedSettings {
  return { ...container, HostConfig: { ...container.HostConfig, ...host } };
}

const byApi = withConfig({ CreateCommand: null });

describe("the settings of a container", () => {
  test("are what was asked for, without what its image and podman add", () => {
    const { id, imageId, imageDigests, labels, beyond, ...settings } = parseSettings(container, image);
    assert.deepEqual(settings, {
      name: "shop-web",
      image: "localhost/shop:v1",
      imageNames: ["localhost/shop:v1"],
      state: "running",
      removedAtEnd: false,
      network: "shop-net",
      networkAliases: ["www"],
      user: "1000:1000",
      restart: "on-failure:3",
      ports: ["8080:80", "127.0.0.1:9000:9000/udp", "127.0.0.1:9001:9001/udp"],
      volumes: ["/etc:/conf:ro,Z", "shop-data:/data"],
      env: ["A=b=c", "TOKEN=hunter2"],
      cmd: ["sleep 500"],
    });
    assert.deepEqual(labels, { owner: "hunter2", vendor: "us" });
    assert.deepEqual(
      beyond.map((text) => text.replace(/[0-9a-f]{64}/, "ID")),
      [
        "anonymous volume at /nameless: a replacement begins with an empty one; the contents of this one stay in podman volume ID",
        "label owner",
      ],
    );
    assert.match(imageDigests[0] ?? "", /^localhost\/shop@sha256:/);
    assert.deepEqual([id, imageId], [container.Id, container.Image]);
  });

  test("show no values of labels among what cannot be said", () => {
    assert.doesNotMatch(parseSettings(container, image).beyond.join(), /hunter2/);
  });

  test("leave out a command and a user that are the image's", () => {
    const plain = {
      ...withConfig({ Cmd: ["sleep 1000"], User: "nobody" }),
      Args: ["--", "/bin/sh", "-c", "sleep 1000"],
    };
    const { cmd, user } = parseSettings(plain, image);
    assert.deepEqual([cmd, user], [[], ""]);
  });

  test("have the whole command where the image has no entry point of its own", () => {
    const bare = { ...image, Config: { ...image.Config, Entrypoint: null } };
    assert.deepEqual(parseSettings(container, bare).cmd, ["/bin/sh", "-c", "sleep 500"]);
  });

  test("name an entry point that replaces the image's", () => {
    const { beyond } = parseSettings({ ...container, Args: ["--", "/bin/busybox", "sleep 500"] }, image);
    assert.equal(beyond[0], 'entry point ["/bin/busybox"]');
  });

  test("keep a home directory that was asked for, and no other", () => {
    const env = (given: InspectedSettings) =>
      parseSettings(given, image).env.filter((entry) => entry.startsWith("HOME="));
    const home = (path: string, CreateCommand: readonly string[] | null) =>
      env(withConfig({ Env: [`HOME=${path}`], CreateCommand }));
    const typed = (...options: string[]) => ["podman", "run", ...options, "localhost/shop:v1", "sleep 500"];
    assert.deepEqual(home("/srv", typed("-e", "HOME=/srv")), ["HOME=/srv"]);
    assert.deepEqual(home("/srv", typed("--env-file", "x")), ["HOME=/srv"]);
    assert.deepEqual(home("/srv", typed()), []);
    assert.deepEqual(home("/srv", null), ["HOME=/srv"]);
    assert.deepEqual(home("/root", null), []);
  });

  test("name any network but the default one, the one that was asked for first", () => {
    const typed = (...options: string[]) =>
      withConfig({ CreateCommand: ["podman", "run", ...options, "localhost/shop:v1", "sleep 500"] });
    const networks = (given: InspectedSettings, ...names: string[]) => {
      const joined = Object.fromEntries(names.map((name) => [name, {}]));
      const settings = parseSettings({ ...given, NetworkSettings: { Networks: joined } }, image);
      return [settings.network, ...settings.beyond.filter((text) => text.includes("network "))];
    };
    assert.deepEqual(networks(typed(), "podman"), [""]);
    assert.deepEqual(networks(byApi, "podman"), [""]);
    assert.deepEqual(networks(byApi, "back"), ["back"]);
    assert.deepEqual(networks(typed(), "back"), ["back"], "joined later, or a default of another name");
    assert.deepEqual(networks(typed(), "back", "podman"), ["", "network back"]);
    assert.deepEqual(networks(typed("--network", "front", "--net=back"), "back", "front"), [
      "front",
      "network back",
    ]);
    assert.deepEqual(networks(typed("--network", "back:ip=10.0.0.9"), "back"), [
      "back",
      "--network back:ip=10.0.0.9",
    ]);
  });

  test("say whose network it shares, and publish nothing in that of the host", () => {
    assert.equal(parseSettings(withHost({ NetworkMode: "container:abc" }), image).network, "container:abc");
    const host = parseSettings(withHost({ NetworkMode: "host" }), image);
    assert.deepEqual([host.network, host.ports], ["host", []]);
  });

  test("name what podman 5 tells in another form", () => {
    const five = withHost({
      Privileged: true,
      CapAdd: ["CAP_SYS_ADMIN"],
      PidsLimit: 100,
      LogConfig: { Type: "journald" },
    });
    const { beyond } = parseSettings(
      {
        ...five,
        Config: {
          ...five.Config,
          Labels: { PODMAN_SYSTEMD_UNIT: "shop.service" },
          Secrets: [{ Name: "key" }],
        },
      },
      image,
    );
    for (const expected of [
      "all privileges (--privileged)",
      "limit of 100 processes",
      "secret key",
      "log driver journald",
      "systemd unit shop.service: disable it, or it goes on starting and stopping the container",
    ]) {
      assert.ok(beyond.includes(expected), expected);
    }
    assert.ok(!beyond.some((text) => text.startsWith("capability")), "they are among all privileges");
  });

  test("name what only the command tells", () => {
    const options = ["--volume", "/etc:/over:O", "--no-hosts", "--sysctl=a=1", "-v", "/etc:/conf:ro"];
    const typed = withConfig({
      CreateCommand: ["podman", "run", ...options, "localhost/shop:v1", "sleep 500"],
    });
    const { beyond } = parseSettings(typed, image);
    assert.deepEqual(beyond.slice(-3), ["--no-hosts", "--sysctl a=1", "--volume /etc:/over:O"]);
  });

  test("are known where the image is gone", () => {
    const { cmd, imageNames, user } = parseSettings(container, undefined);
    assert.deepEqual([cmd, imageNames, user], [["/bin/sh", "-c", "sleep 500"], [], "1000:1000"]);
  });
});

describe("the options of a command", () => {
  test("end where the image and its arguments begin", () => {
    const command = ["podman", "run", "--ip=10.0.0.2", "-e", "A=1", "image", "app", "--ip", "x"];
    const options = createOptions(command, ["app", "--ip", "x"]);
    assert.deepEqual(options.values("--ip"), ["10.0.0.2"]);
    assert.deepEqual(options.values("--env", "-e"), ["A=1"]);
    const untyped = createOptions(["podman", "run", "--ip", "10.0.0.3", "image"], ["of", "the", "image"]);
    assert.deepEqual(untyped.values("--ip"), ["10.0.0.3"]);
  });

  test("are unknown for a container that came by the API", () => {
    const options = createOptions(null, []);
    assert.deepEqual([options.known, options.values("--ip")], [false, []]);
  });
});
