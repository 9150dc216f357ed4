import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import fc from "fast-check";

import { appendTable, removeTable, setTopLevel } from "./edit.ts";

const lines = (...text: string[]): string => text.map((line) => `${line}\n`).join("");

describe("setTopLevel", () => {
  test("changes the value and nothing else", () => {
    const before = lines("# mine", 'name = "a"', "active  =  true # keep", "", "[build]", "active = true");
    const after = lines("# mine", 'name = "a"', "active  =  false # keep", "", "[build]", "active = true");
    assert.equal(setTopLevel(before, "active", false, "name"), after);
  });

  test("puts a new key below the one named, above the comment that follows", () => {
    const before = lines('name = "a"', 'node = "n" # where', "", "# the components", "[[components]]");
    const after = lines(
      'name = "a"',
      'node = "n" # where',
      "active = false",
      "",
      "# the components",
      "[[components]]",
    );
    assert.equal(setTopLevel(before, "active", false, "node"), after);
  });

  test("keeps CRLF", () => {
    assert.equal(setTopLevel('node = "n"\r\n', "active", false, "node"), 'node = "n"\r\nactive = false\r\n');
  });

  test("completes a last line without an end", () => {
    assert.equal(setTopLevel('node = "n"', "active", false, "node"), 'node = "n"\nactive = false\n');
  });

  test("is not misled by the key in a comment, a string or a table", () => {
    const text = lines('node = "active = true"', "# active = true", "[[components]]", "active = 1");
    const edited = setTopLevel(text, "active", false, "node");
    assert.equal(
      edited,
      lines('node = "active = true"', "active = false", "# active = true", "[[components]]", "active = 1"),
    );
  });
});

describe("appendTable", () => {
  const node = { name: "b", address: "10.0.0.2:9444" };

  test("adds the first one at the end", () => {
    const after = lines("[tls]", 'ca_cert = "x"', "", "[[nodes]]", 'name = "b"', 'address = "10.0.0.2:9444"');
    assert.equal(appendTable(lines("[tls]", 'ca_cert = "x"'), "nodes", node), after);
  });

  test("adds to an empty file", () => {
    assert.equal(
      appendTable("", "nodes", node),
      lines("[[nodes]]", 'name = "b"', 'address = "10.0.0.2:9444"'),
    );
  });

  test("adds the next one below its like, and leaves the neighbours' comments alone", () => {
    const before = lines("# a", "[[nodes]]", 'name = "a" # first', 'address = "x:1"', "", "# tls", "[tls]");
    const after = lines(
      ...["# a", "[[nodes]]", 'name = "a" # first', 'address = "x:1"', ""],
      ...["[[nodes]]", 'name = "b"', 'address = "10.0.0.2:9444"', "", "# tls", "[tls]"],
    );
    assert.equal(appendTable(before, "nodes", node), after);
  });

  test("refuses an inline array", () => {
    assert.throws(() => appendTable("nodes = []\n", "nodes", node), DetailedError);
  });
});

describe("removeTable", () => {
  const text = lines(
    ...[
      "# top",
      "",
      "# about a",
      "[[nodes]]",
      'name = "a"',
      "",
      "# about b",
      "[[nodes]] # b",
      'name = "b" # it',
      "",
    ],
    ...["# about tls", "[tls]", 'ca_cert = "x"'],
  );

  test("takes its own comment along and leaves those of its neighbours", () => {
    const first = lines(
      "# top",
      "",
      "# about b",
      "[[nodes]] # b",
      'name = "b" # it',
      "",
      "# about tls",
      "[tls]",
      'ca_cert = "x"',
    );
    const second = lines(
      "# top",
      "",
      "# about a",
      "[[nodes]]",
      'name = "a"',
      "",
      "# about tls",
      "[tls]",
      'ca_cert = "x"',
    );
    assert.equal(removeTable(text, "nodes", 0), first);
    assert.equal(removeTable(text, "nodes", 1), second);
  });

  test("removes the only one", () => {
    assert.equal(removeTable(lines("[tls]", "", "[[nodes]]", 'name = "a"'), "nodes", 0), lines("[tls]"));
  });

  test("undoes appendTable", () => {
    const files = fc.constantFrom("", lines("[tls]"), lines("# c", "[[nodes]]", 'name = "x"'), "[tls]\r\n");
    const name = fc.string({ minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(files, name, (file, value) => {
        const added = appendTable(file, "nodes", { name: value, address: "a:1" });
        const index = file.includes("[[nodes]]") ? 1 : 0;
        assert.equal(removeTable(added, "nodes", index), file);
      }),
    );
  });
});
