import { globSync, readFileSync } from "node:fs";
import { differences, documentedCodes } from "./error-codes/compare.ts";
import { usedCodes } from "./error-codes/used-codes.ts";

/** Fails when the sources use an error code that docs/errors.md does not explain, and when it explains one
 * that nothing uses. */
const files = globSync("{mcdsl,mcp,mcias,metacrypt,mc-proxy,mcns,mcr,metacircular}/**/*.ts", {
  exclude: ["**/node_modules", "**/*.test.ts", "**/test"],
});
const used = usedCodes(files.toSorted().map((file) => ({ file, text: readFileSync(file, "utf8") })));
const documented = documentedCodes("docs/errors.md", readFileSync("docs/errors.md", "utf8"));

const found = differences(used, documented);
for (const difference of found) console.log(difference);
if (used.length === 0) console.log("no source uses an error code: this check looks in the wrong place");
if (used.length === 0 || found.length > 0) process.exitCode = 1;
