import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { GeoipFile } from "./geoip-file.ts";
import { parseGeoLine, rangeToCidrs } from "./geoip.ts";

describe("a range of addresses", () => {
  const ranges: readonly [string, string, string[] | undefined][] = [
    ["1.0.0.0", "1.0.0.255", ["1.0.0.0/24"]],
    ["1.0.0.1", "1.0.0.6", ["1.0.0.1/32", "1.0.0.2/31", "1.0.0.4/31", "1.0.0.6/32"]],
    ["0.0.0.0", "255.255.255.255", ["0.0.0.0/0"]],
    ["1.0.0.7", "1.0.0.7", ["1.0.0.7/32"]],
    ["2001:db8::", "2001:db8:0:1:ffff:ffff:ffff:ffff", ["2001:db8::/63"]],
    ["1.0.0.2", "1.0.0.1", undefined],
    ["1.0.0.2", "::1", undefined],
    ["x", "y", undefined],
  ];
  for (const [first, last, expected] of ranges) {
    test(`from ${first} to ${last} is ${expected?.join(" ") ?? "none"}`, () => {
      assert.deepEqual(rangeToCidrs(first, last), expected);
    });
  }
});

describe("a line of a GeoIP table", () => {
  const lines: readonly [string, ReturnType<typeof parseGeoLine>][] = [
    ["203.0.113.0/24,ch", { networks: ["203.0.113.0/24"], country: "CH" }],
    ['"1.0.0.0","1.0.0.255","AU"', { networks: ["1.0.0.0/24"], country: "AU" }],
    ["1.0.0.0,1.0.0.255,AU,Australia", { networks: ["1.0.0.0/24"], country: "AU" }],
    ["# comment", { networks: [], country: "" }],
    ["", { networks: [], country: "" }],
    ["network,country", undefined],
    ["1.0.0.0/24,Australia", undefined],
  ];
  for (const [line, expected] of lines) {
    test(`${JSON.stringify(line)} is ${expected === undefined ? "not understood" : "understood"}`, () => {
      assert.deepEqual(parseGeoLine(line), expected);
    });
  }
});

test("a GeoIP table is read for the countries that are asked for, and again when it changes", async () => {
  await using directory = await createTemporaryDirectory();
  const path = join(directory.path, "geoip.csv");
  await writeFile(path, "network,country\n203.0.113.0/24,CH\n198.51.100.0/24,KP\n192.0.2.0/24,KP\n");
  const file = new GeoipFile(path);
  const kp = new Set(["KP"]);
  assert.deepEqual(await file.read(kp), {
    networks: { KP: ["198.51.100.0/24", "192.0.2.0/24"] },
    problem: undefined,
  });

  await writeFile(path, "203.0.113.0/24,CH\nnonsense\n");
  const changed = await file.read(kp);
  assert.deepEqual(changed.networks, { KP: [] });
  assert.match(changed.problem ?? "", /1 lines are not understood, the first is 2; it has no networks of KP/);
});

test("a GeoIP table that goes away is a problem, and its networks stay", async () => {
  await using directory = await createTemporaryDirectory();
  const path = join(directory.path, "geoip.csv");
  await writeFile(path, "203.0.113.0/24,CH\n");
  const file = new GeoipFile(path);
  await file.read(new Set(["CH"]));
  await rm(path);
  const read = await file.read(new Set(["CH"]));
  assert.deepEqual(read.networks, { CH: ["203.0.113.0/24"] });
  assert.match(read.problem ?? "", /ENOENT/);
});
