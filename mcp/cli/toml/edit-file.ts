import { readFile, realpath, stat } from "node:fs/promises";

import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { writeFileAtomic } from "@metacircular/mcdsl/files/write-atomic.ts";

/** Applies an edit to a file and replaces it whole. Keeps its permissions; a link stays a link, and what it
 * points to is edited. A file that the edit leaves as it is, is not touched.
 * @throws DetailedError FILE_NOT_EDITABLE */
export async function editFile(path: string, edit: (text: string) => string): Promise<void> {
  try {
    const target = await realpath(path);
    const { mode } = await stat(target);
    const text = await readFile(target, "utf8");
    const edited = edit(text);
    if (edited !== text) await writeFileAtomic(target, edited, { mode: mode & 0o777 });
  } catch (cause) {
    if (cause instanceof DetailedError) throw cause;
    throw new DetailedError({
      code: "FILE_NOT_EDITABLE",
      category: "failed-precondition",
      attempted: "edit file",
      subject: path,
      found: "it cannot be read or replaced",
      remedy: "make the change by hand",
      cause,
    });
  }
}
