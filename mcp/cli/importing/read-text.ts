import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { maxFileBytes } from "@metacircular/mcdsl/toml/document.ts";

import { readBytes } from "../definitions/file.ts";

/** Text of a file; undefined where it is not there, is too large, or is not text. */
export async function readText(file: string): Promise<string | undefined> {
  try {
    const bytes = await readBytes(file);
    if (bytes.length > maxFileBytes || bytes.includes(0)) return undefined;
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (thrown) {
    if (thrown instanceof DetailedError || thrown instanceof TypeError) return undefined;
    throw thrown;
  }
}
