import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { z } from "zod";
import type { RecordPosition } from "../store/record-table.ts";

const schema = z.tuple([z.string(), z.int(), z.base64()]);

/** What a client sends to go on behind this record. */
export function pageTokenOf({ name, type, data }: RecordPosition): string {
  const fields = [name, type, Buffer.from(data).toString("base64")];
  return Buffer.from(JSON.stringify(fields)).toString("base64url");
}

/** @returns undefined for the empty token: from the beginning
 * @throws DetailedError PAGE_TOKEN_INVALID */
export function positionOf(token: string): RecordPosition | undefined {
  if (token === "") return undefined;
  try {
    const [name, type, data] = schema.parse(JSON.parse(Buffer.from(token, "base64url").toString("utf8")));
    return { name, type, data: Buffer.from(data, "base64") };
  } catch (cause) {
    throw new DetailedError({
      code: "PAGE_TOKEN_INVALID",
      category: "invalid-argument",
      attempted: "list records",
      subject: JSON.stringify(token.slice(0, 40)),
      found: "it is no page token of this server",
      remedy: "use next_page_token of the answer before, or begin anew without one",
      cause,
    });
  }
}
