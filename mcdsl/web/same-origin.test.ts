import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { test } from "node:test";
import { isSameOrigin } from "./same-origin.ts";

test("a form is ours by what the browser says of it", () => {
  const host = "mcr.example:8443";
  const table: readonly (readonly [Record<string, string>, boolean])[] = [
    [{ host, "sec-fetch-site": "same-origin" }, true],
    [{ host, "sec-fetch-site": "same-site", origin: `https://${host}` }, false],
    [{ host, "sec-fetch-site": "cross-site", origin: `https://${host}` }, false],
    [{ host, "sec-fetch-site": "none" }, false],
    [{ host, origin: `https://${host}` }, true],
    [{ host: "MCR.example:443", origin: "https://mcr.example" }, true],
    [{ host, origin: `http://${host}` }, false],
    [{ host, origin: "https://mcr.example" }, false],
    [{ host, origin: "null" }, false],
    [{ host, origin: "https://evil.example" }, false],
    [{ host }, false],
    [{ origin: "https://mcr.example" }, false],
  ];
  for (const [headers, expected] of table) {
    assert.equal(isSameOrigin({ headers } as unknown as IncomingMessage), expected, JSON.stringify(headers));
  }
});
