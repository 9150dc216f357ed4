import assert from "node:assert/strict";
import { test } from "node:test";
import { parseInfo } from "./podman-info.ts";

test("podman without root says how many ids it has got", () => {
  const range = { container_id: 0, host_id: 1000 };
  const ids = [
    { ...range, size: 1 },
    { ...range, size: 65_536 },
  ];
  const info = parseInfo({
    host: {
      cgroupVersion: "v2",
      cgroupControllers: ["memory", "pids"],
      security: { rootless: true },
      idMappings: { uidmap: ids, gidmap: ids },
    },
    store: { graphRoot: "/home/mcp/.local/share/containers/storage", graphDriverName: "overlay" },
    version: { Version: "5.4.0" },
  });
  assert.deepEqual(info, {
    version: "5.4.0",
    rootless: true,
    cgroupVersion: "v2",
    cgroupControllers: ["memory", "pids"],
    storageDriver: "overlay",
    mappedUserIds: 65_537,
    mappedGroupIds: 65_537,
  });
});

test("what podman leaves out, or writes as null, counts as nothing", () => {
  const info = parseInfo({
    host: { cgroupControllers: null, idMappings: { uidmap: null } },
    store: { graphRoot: "/var/lib/containers/storage" },
  });
  assert.deepEqual([info.cgroupControllers, info.mappedUserIds, info.rootless], [[], 0, false]);
});
