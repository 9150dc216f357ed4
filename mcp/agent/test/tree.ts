import { createHash } from "node:crypto";
import { lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join } from "node:path";

/** All that is in a directory: a line for each entry with kind, permissions, owner, size, time of the last change
 * and content. Two equal lists mean that nothing happened there. */
export async function treeOf(directory: string, below = ""): Promise<string[]> {
  const lines: string[] = [];
  for (const name of (await readdir(join(directory, below))).toSorted()) {
    const relative = join(below, name);
    const path = join(directory, relative);
    const stats = await lstat(path, { bigint: true });
    const { mode, uid, gid, size, mtimeNs, ino } = stats;
    let content = "";
    if (stats.isSymbolicLink()) content = await readlink(path);
    else if (stats.isFile())
      content = createHash("sha256")
        .update(await readFile(path))
        .digest("hex");
    lines.push([relative, mode.toString(8), uid, gid, size, ino, mtimeNs, content].join(" "));
    if (stats.isDirectory()) lines.push(...(await treeOf(directory, relative)));
  }
  return lines;
}
