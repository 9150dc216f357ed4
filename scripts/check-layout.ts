import { violations } from "./layout/rules.ts";
import { readSourceTree } from "./layout/source-tree.ts";

/** Fails when the sources break the layout that CONTRIBUTING.md describes.
 *
 *   node scripts/check-layout.ts [root] */
const tree = readSourceTree(process.argv[2] ?? ".");
const found = violations(tree);
for (const { file, line, message } of found) console.log(`${file}:${line}: ${message}`);
if (tree.size === 0) console.log("there is no TypeScript file here");
if (found.length > 0 || tree.size === 0) process.exitCode = 1;
