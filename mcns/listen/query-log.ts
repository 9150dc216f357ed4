import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { codeNameOf } from "../wire/code.ts";
import { headerBytes } from "../wire/message.ts";
import { typeNameOf } from "../wire/record-type.ts";
import { WireError, WireReader } from "../wire/wire-reader.ts";
import type { Client } from "./client.ts";

/** Writes down a query and its response. */
export type QueryLog = (query: Uint8Array, response: Uint8Array, client: Client) => void;

/** A line for each query, with who asked; off unless somebody wants it, as it says who looks up what. */
export function createQueryLog(logger: Logger): QueryLog {
  return (query, response, client) => {
    const code = codeNameOf((response[3] ?? 0) & 15);
    const { address, transport } = client;
    logger.info({ client: address, transport, ...questionOf(query), code, bytes: response.length }, "query");
  };
}

function questionOf(query: Uint8Array): { question?: string; type?: string } {
  try {
    const reader = new WireReader(query, headerBytes);
    return { question: `${reader.readName()}.`, type: typeNameOf(reader.u16()) };
  } catch (thrown) {
    if (thrown instanceof WireError) return {};
    throw thrown;
  }
}
