import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { differences, documentedCodes } from "./compare.ts";
import { usedCodes } from "./used-codes.ts";

const source = `
import { failed } from "./failed.ts";
export function refuse(missing: boolean): never {
  if (missing) throw refused("NOT_THERE", "x");
  throw new DetailedError({ code: missing ? "FIRST" : ("SECOND" as const), category: "internal" });
}
const refused = (code: string, subject: string) => new Error(code + subject);
context.addIssue({ code: "custom" });
if (thrown.code === "ENOENT") throw failed(1, "ELSEWHERE", "NOT_A_CODE");
`;
const failed = "export function failed(first: number, code: string, third: string) { return code; }";

describe("error codes", () => {
  test("are found as properties, as branches and as arguments, with file and line", () => {
    const used = usedCodes([
      { file: "a.ts", text: source },
      { file: "failed.ts", text: failed },
    ]);
    assert.deepEqual(
      used.map(({ code, line }) => `${code}:${line}`),
      ["NOT_THERE:4", "FIRST:5", "SECOND:5", "ELSEWHERE:9"],
    );
  });

  test("of a document are the first columns of its tables", () => {
    const text = "# Errors\n\n| code | meaning |\n|---|---|\n| `ONE_CODE` | see `OTHER_CODE` |\n";
    assert.deepEqual(documentedCodes("errors.md", text), [{ code: "ONE_CODE", file: "errors.md", line: 5 }]);
  });

  test("that are unexplained, unused or explained twice are reported where they stand", () => {
    const at = (code: string, file: string, line: number) => ({ code, file, line });
    assert.deepEqual(
      differences(
        [at("BOTH", "a.ts", 1), at("NEW", "a.ts", 2)],
        [at("BOTH", "errors.md", 5), at("OLD", "errors.md", 6), at("BOTH", "errors.md", 7)],
      ),
      [
        "a.ts:2: NEW is not explained",
        "errors.md:6: nothing uses OLD",
        "errors.md:7: BOTH is explained twice",
      ],
    );
  });
});
