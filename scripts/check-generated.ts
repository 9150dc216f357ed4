import { spawnSync } from "node:child_process";
import { globSync, mkdtempDisposableSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** Fails when proto/gen is not exactly what `buf generate` writes now. */
using fresh = mkdtempDisposableSync(path.join(tmpdir(), "generated-"));
const buf = spawnSync("buf", ["generate", "--output", fresh.path], { cwd: "proto", encoding: "utf8" });
if (buf.status !== 0) throw new Error(`buf generate failed: ${buf.stderr}`, { cause: buf.error });

const filesIn = (folder: string): string[] => globSync("**/*.ts", { cwd: folder });
const kept = "proto/gen";
const written = path.join(fresh.path, "gen");

const problems = [...new Set([...filesIn(kept), ...filesIn(written)])].toSorted().flatMap((file) => {
  if (!filesIn(written).includes(file)) return [`${kept}/${file}: no .proto file makes it any more`];
  if (!filesIn(kept).includes(file)) return [`${kept}/${file}: is missing`];
  const same = readFileSync(path.join(kept, file)).equals(readFileSync(path.join(written, file)));
  return same ? [] : [`${kept}/${file}: is not what its .proto file says now`];
});
for (const problem of problems) console.log(problem);
if (problems.length > 0) process.exitCode = 1;
