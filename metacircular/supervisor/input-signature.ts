import { stat } from "node:fs/promises";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";

/** Changes whenever one of the files is replaced, written, created or removed. */
export async function signatureOf(files: readonly string[]): Promise<string> {
  const parts = await Promise.all(files.map(signatureOfFile));
  return parts.join(" ");
}

async function signatureOfFile(file: string): Promise<string> {
  try {
    const { ino, size, mtimeNs } = await stat(file, { bigint: true });
    return `${ino}:${size}:${mtimeNs}`;
  } catch (thrown) {
    if (systemCodeOf(thrown) === "ENOENT") return "none";
    throw thrown;
  }
}
