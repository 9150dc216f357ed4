import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { z } from "zod";
import { parseToml } from "./parse.ts";
import { formatProblem } from "./problem.ts";

const schema = z.strictObject({
  name: z.string(),
  active: z.boolean().default(true),
  server: z
    .strictObject({ listen_addr: z.string(), max_connections: z.int().min(1).max(100).optional() })
    .optional(),
  components: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[a-z]+$/, "must be lower case"),
        image: z.string(),
        restart: z.enum(["no", "always", "on-failure"]).optional(),
        ports: z.array(z.string()).optional(),
        health: z
          .union([z.strictObject({ http: z.string() }), z.strictObject({ cmd: z.array(z.string()) })])
          .optional(),
      }),
    )
    .default([]),
  labels: z.record(z.string().regex(/^[a-z]+$/, "must be lower case"), z.string()).optional(),
});

function problemsOf(text: string | Uint8Array): string[] {
  const result = parseToml({ text, file: "a.toml", schema });
  return "problems" in result ? result.problems.map(formatProblem) : [];
}

describe("parseToml", () => {
  test("returns the value of a sound file, with defaults", () => {
    const result = parseToml({ text: 'name = "a"', file: "a.toml", schema });
    assert.deepEqual(result, { value: { name: "a", active: true, components: [] } });
  });

  test("accepts CRLF, a byte order mark, and bytes", () => {
    assert.deepEqual(problemsOf('\u{feff}name = "a"\r\nactive = false\r\n'), []);
    assert.deepEqual(problemsOf(Buffer.from('\u{feff}name = "é"\r\n')), []);
  });

  const broken: [string, string, string[]][] = [
    [
      "an unknown key, with the nearest known one",
      'name = "a"\n[[components]]\nname = "web"\nimage = "i"\nimgae = "j"',
      ['a.toml:5:1: unknown key "imgae"; did you mean "image"?'],
    ],
    [
      "an unknown key that resembles none, with those that are known",
      'name = "a"\n[server]\nlisten_addr = ":1"\nzzzzz = 1',
      ['a.toml:4:1: unknown key "zzzzz" (known here: listen_addr, max_connections)'],
    ],
    [
      "an unknown key of an alternative",
      'name = "a"\ncomponents = [{ name = "web", image = "i", health = { htpp = "/" } }]',
      ['a.toml:2:55: unknown key "htpp"; did you mean "http"?'],
    ],
    ["a wrong type", "name = 7", ['a.toml:1:8: "name" must be a string, not the number 7']],
    [
      "a table in place of a list",
      'name = "a"\n[components]',
      ['a.toml:2:2: "components" must be an array, not a table'],
    ],
    ["a date in place of a string", "name = 2026-11-21", ['a.toml:1:8: "name" must be a string, not a date']],
    [
      "a missing key, at its table",
      'name = "a"\n\n[[components]]\nname = "web"',
      ['a.toml:3:3: missing key "image" (a string is required)'],
    ],
    [
      "a missing key of the second table of a kind",
      'name = "a"\n[[components]]\nname = "a"\nimage = "i"\n[[components]]\nimage = "i"',
      ['a.toml:5:3: missing key "name" (a string is required)'],
    ],
    ["a missing key of the file", "active = true", ['a.toml:1:1: missing key "name" (a string is required)']],
    [
      "a word that is not one of those allowed",
      'name = "a"\ncomponents = [{ name = "web", image = "i", restart = "allways" }]',
      [
        'a.toml:2:54: "restart" must be one of "no", "always", "on-failure", not "allways" (did you mean "always"?)',
      ],
    ],
    [
      "a number out of its range",
      'name = "a"\n[server]\nlisten_addr = ":1"\nmax_connections = 1000',
      ['a.toml:4:19: "max_connections" must be at most 100'],
    ],
    [
      "a fraction in place of a whole number",
      'name = "a"\n[server]\nlisten_addr = ":1"\nmax_connections = 1.5',
      ['a.toml:4:19: "max_connections" must be a whole number, not the number 1.5'],
    ],
    [
      "an entry of a list",
      'name = "a"\n[[components]]\nname = "web"\nimage = "i"\nports = [\n  "1:1",\n  2,\n]',
      ["a.toml:7:3: entry 2 must be a string, not the number 2"],
    ],
    [
      "a key of a dotted table",
      'name = "a"\nserver.listen_adr = "x"',
      ['a.toml:2:8: unknown key "listen_adr"; did you mean "listen_addr"?'],
    ],
    [
      "a bad key of a free table",
      'name = "a"\n[labels]\nBAD = "x"',
      ['a.toml:3:1: invalid key "BAD": must be lower case'],
    ],
    [
      "a format",
      'name = "a"\n[[components]]\nname = "WEB"\nimage = "i"',
      ['a.toml:3:8: "name" must be lower case'],
    ],
    [
      "an integer that is too large",
      "name = 99999999999999999999",
      ["a.toml:1:8: integer value cannot be represented losslessly"],
    ],
    ["a duplicate key", 'name = "a"\nname = "b"', ["a.toml:2:1: this key or table is already defined above"]],
    [
      "a duplicate table",
      'name = "a"\n[server]\nlisten_addr = ":1"\n[server]',
      ["a.toml:4:2: this key or table is already defined above"],
    ],
    ["an unfinished string", 'name = "a', ["a.toml:1:8: unfinished string"]],
    [
      "a string without its second quote",
      'name = "a\n[server]\nlisten_addr = ":1"',
      ["a.toml:1:10: the string is not closed on its line"],
    ],
    [
      "such a string in a file of Windows",
      'name = "a\r\n[server]\r\n',
      ["a.toml:1:10: the string is not closed on its line"],
    ],
    ["a NUL character", 'name = "a\0"', ["a.toml:1:10: control characters are not allowed in strings"]],
    ["a key of JavaScript's own", 'name = "a"\n__proto__ = 1', ["a.toml:2:1: this key is not allowed"]],
    [
      "very deep nesting",
      `name = ${"[".repeat(2000)}${"]".repeat(2000)}`,
      ["a.toml:1:72: this is nested too deeply"],
    ],
    ["an empty file", "", ['a.toml:1:1: missing key "name" (a string is required)']],
  ];
  for (const [what, text, expected] of broken) {
    test(`locates and explains ${what}`, () => assert.deepEqual(problemsOf(text), expected));
  }

  test("finds all problems, in the order of the file", () => {
    const text =
      'nme = "a"\nactive = "yes"\n[[components]]\nname = 1\n[[components]]\nimage = 2\nname = "b"\n';
    assert.deepEqual(problemsOf(text), [
      'a.toml:1:1: unknown key "nme"; did you mean "name"?',
      'a.toml:2:10: "active" must be true or false, not the string "yes"',
      'a.toml:3:3: missing key "image" (a string is required)',
      'a.toml:4:8: "name" must be a string, not the number 1',
      'a.toml:6:9: "image" must be a string, not the number 2',
    ]);
  });

  test("refuses bytes that are not UTF-8, and a file that is too large", () => {
    assert.deepEqual(problemsOf(Buffer.from([0x6e, 0xff])), [
      "a.toml:1:1: the file is not UTF-8 text (save it as UTF-8)",
    ]);
    assert.deepEqual(problemsOf("#".repeat(1024 * 1024 + 1)), [
      "a.toml:1:1: the file is larger than 1048576 bytes",
    ]);
  });

  test("shows no value of a key that holds a secret", () => {
    const secrets = z.strictObject({ client_secret: z.number(), password: z.enum(["a"]) });
    const text = 'client_secret = "hunter2"\npassword = "hunter2"';
    const result = parseToml({ text, file: "a.toml", schema: secrets });
    assert.doesNotMatch(JSON.stringify(result), /hunter2/);
  });

  test("reports what the check finds, at its place", () => {
    const text = 'name = "a"\n[[components]]\nname = "web"\nimage = "i:latest"';
    const check = (): { path: (string | number)[]; message: string; hint: string }[] => [
      { path: ["components", 0, "image"], message: "is latest", hint: "use a version" },
      { path: ["components", 0, "ports"], message: "has no ports", hint: "add one" },
    ];
    const result = parseToml({ text, file: "a.toml", schema, check });
    assert.ok("problems" in result);
    assert.deepEqual(result.problems.map(formatProblem), [
      "a.toml:2:3: has no ports (add one)",
      "a.toml:4:9: is latest (use a version)",
    ]);
    assert.equal(result.problems[1]?.path, "components[0].image");
  });
});
