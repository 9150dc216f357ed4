import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import fc from "fast-check";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { formatData } from "../records/record-data.ts";
import { nameToWire, writtenByte } from "../wire/name.ts";
import { isZoneTypeName, recordTypes, typeNameOf } from "../wire/record-type.ts";
import { planImport } from "./import-zone.ts";
import { readZoneFile } from "./read-zone-file.ts";
import { writeZoneFile } from "./write-zone-file.ts";
import type { FileRecord, ZoneFile } from "./zone-file.ts";

const run = promisify(execFile);
const zone = "example.org";
const golden = (name: string): URL => new URL(`golden/${name}`, import.meta.url);

/** What a golden file has, after it was written anew where that was asked for. */
function held(name: string, found: string): string {
  if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(golden(name), found);
  return readFileSync(golden(name), "utf8");
}

function read(text: string): ZoneFile {
  const { file, problems } = readZoneFile(text, zone);
  assert.deepEqual(problems, []);
  return file;
}

function written(file: ZoneFile): string {
  const { authority, defaultTtl = 300, records } = file;
  assert.ok(authority !== undefined);
  return writeZoneFile({ zone, authority, authorityTtl: defaultTtl, defaultTtl, records });
}

function textOf({ name, ttl, type, data }: FileRecord): string {
  const typeName = typeNameOf(type);
  assert.ok(isZoneTypeName(typeName));
  return `${name} ${ttl} ${typeName} ${formatData(typeName, data)}`;
}

describe("a zone file", () => {
  const stock = readFileSync(golden("stock.zone"), "utf8");

  test("with all that zone files may have is read, and written in one plain form", () => {
    const found = written(read(stock));
    assert.equal(found, held("stock.written.zone", found));
  });

  test("that was written is read as the same zone", () => {
    const first = read(stock);
    const second = read(written(first));
    assert.deepEqual(second.authority, first.authority);
    assert.deepEqual(second.records.map(textOf).toSorted(), first.records.map(textOf).toSorted());
    assert.equal(written(second), written(first));
  });

  test("with Windows line ends, and without a last one, is the same", () => {
    assert.equal(written(read(stock.replaceAll("\n", "\r\n"))), written(read(stock)));
    assert.equal(written(read(stock.trimEnd())), written(read(stock)));
  });

  test("has all that is wrong in it told, with line and column", () => {
    const { problems } = readZoneFile(readFileSync(golden("wrong.zone"), "utf8"), zone);
    const found = problems
      .map(
        ({ line, column, message, hint }) =>
          `${line}:${column} ${message}${hint === "" ? "" : `; ${hint}`}\n`,
      )
      .join("");
    assert.equal(found, held("wrong.problems.txt", found));
  });

  test("whose records contradict each other is told so at the line", () => {
    const text = [
      "@ SOA ns1 hm 1 1h 10m 2w 1m",
      "www 60 A 192.0.2.1",
      "www 61 A 192.0.2.2",
      "www CNAME other",
      "alias CNAME a",
      "alias CNAME b",
    ].join("\n");
    assert.deepEqual(
      readZoneFile(text, zone).problems.map(({ line, message }) => `${line} ${message}`),
      [
        "1 the zone example.org has no NS record of its own",
        "3 its TTL differs from that of the other A records of www.example.org",
        "4 the alias www.example.org has other records",
        "6 alias.example.org is an alias already",
      ],
    );
  });

  test("takes TTLs from $TTL, and where there is none from the record before", () => {
    const lines = "@ NS ns1\na 60 A 192.0.2.1\nb A 192.0.2.2\n$TTL 7\nc A 192.0.2.3\n$TTL 8\nd A 192.0.2.4\n";
    assert.deepEqual(
      read(lines).records.map(({ ttl }) => ttl),
      [null, 60, 60, null, 8],
    );
    assert.equal(read(lines).defaultTtl, 7);
  });

  test("as it is written is accepted by named-checkzone, which reads the same from it", async () => {
    await using directory = await createTemporaryDirectory();
    const canonical = async (name: string, text: string): Promise<string> => {
      const file = join(directory.path, name);
      await writeFile(file, text);
      const { stdout } = await run("named-checkzone", [
        "-i",
        "none",
        "-k",
        "ignore",
        "-D",
        "-q",
        "-o",
        "-",
        zone,
        file,
      ]);
      // Names are the same in either case; ours are in lower case.
      return stdout.toLowerCase();
    };
    assert.equal(await canonical("written", written(read(stock))), await canonical("stock", stock));
  });
});

test("a zone with any names and texts comes back from its file", () => {
  const label = fc
    .uint8Array({ minLength: 1, maxLength: 8 })
    .map((bytes) => Array.from(bytes, writtenByte).join(""));
  const record = fc.record({
    name: fc.array(label, { maxLength: 3 }).map((labels) => [...labels, zone].join(".")),
    type: fc.constant(recordTypes.TXT),
    data: fc.uint8Array({ maxLength: 40 }).map((bytes) => Uint8Array.of(bytes.length, ...bytes)),
  });
  const authority = { primary: "ns1.example.org", contact: String.raw`a\.b.example.org`, serial: 7 };
  const times = { refresh: 1, retry: 2, expire: 3, negativeTtl: 4 };
  const ns = { name: zone, type: recordTypes.NS, ttl: null, data: nameToWire("ns1.example.org") };
  fc.assert(
    fc.property(fc.array(record, { maxLength: 6 }), (found) => {
      const records = [ns, ...found.map((each) => ({ ...each, ttl: 60 }))];
      const parts = {
        zone,
        authority: { ...authority, ...times },
        authorityTtl: 9,
        defaultTtl: 300,
        records,
      };
      const file = read(writeZoneFile(parts));
      assert.deepEqual(file.authority, parts.authority);
      assert.deepEqual(file.records.map(textOf).toSorted(), records.map(textOf).toSorted());
    }),
    { numRuns: 300 },
  );
});

test("any text gives records or problems, each at a place in it", () => {
  const piece = fc.constantFrom(
    "@",
    " ",
    "\n",
    "\t",
    "(",
    ")",
    '"',
    ";",
    "\\",
    "$TTL",
    "IN",
    "A",
    "TXT",
    "60",
    "x",
    "1.2.3.4",
    "é",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const text = pieces.join("");
      const lines = text.split("\n");
      for (const { line, column } of readZoneFile(text, zone).problems) {
        assert.ok(line >= 1 && line <= lines.length);
        assert.ok(
          column >= 1 && column <= (lines[line - 1]?.length ?? 0) + 1,
          `${line}:${column} of ${text}`,
        );
      }
    }),
    { numRuns: 2_000 },
  );
});

test("an import changes only what differs", () => {
  const stored = read("@ NS ns1\na 60 A 192.0.2.1\nb A 192.0.2.2\nc A 192.0.2.3\n").records.map(
    (record, id) => ({
      ...record,
      id,
      updatedAtMs: 0,
      updatedBy: "",
    }),
  );
  const { records } = read(
    "@ NS ns1\na 61 A 192.0.2.1\nb 60 A 192.0.2.2\nb 60 A 192.0.2.2\nd 60 A 192.0.2.4\n",
  );
  const plan = planImport(stored, records);
  assert.deepEqual(plan.removed.map(textOf), ["c.example.org 60 A 192.0.2.3"]);
  assert.deepEqual(
    plan.added.map((record) => record.name),
    ["d.example.org"],
  );
  assert.deepEqual(
    plan.changed.map(({ before, after }) => [before.name, before.ttl, after.ttl]),
    [["a.example.org", 60, 61]],
  );
  assert.equal(plan.unchanged, 2);
});
