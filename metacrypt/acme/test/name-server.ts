import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Answer, decode, encode } from "dns-packet";

/** A name server for tests: everything below `.test` is at 127.0.0.1, TXT records are as set, and nothing else
 * exists. */
export interface NameServer extends AsyncDisposable {
  /** `127.0.0.1:<port>` */
  readonly address: string;
  readonly port: number;
  /** TXT records by name, lower case. Further ones are lines of files with these names in `recordsDirectory`, which
   * hooks of clients write. */
  readonly texts: Map<string, string[]>;
  /** Where names lead to instead. */
  readonly aliases: Map<string, string>;
  /** Names without an address. */
  readonly missing: Set<string>;
  /** How many queries came. */
  readonly queries: string[];
}

export async function startNameServer(recordsDirectory: string): Promise<NameServer> {
  const socket = createSocket("udp4");
  const texts = new Map<string, string[]>();
  const aliases = new Map<string, string>();
  const missing = new Set<string>();
  const queries: string[] = [];
  socket.on("message", (message, from) => {
    const query = decode(message);
    const [question] = query.questions ?? [];
    if (question === undefined) return;
    const name = question.name.toLowerCase();
    queries.push(`${question.type} ${name}`);
    const answers = answersFor(name, question.type);
    const known = name.endsWith(".test") && !missing.has(name);
    const reply = encode({
      type: "response",
      id: query.id ?? 0,
      flags: 0x0400 | (known ? 0 : 3),
      questions: [question],
      answers,
    });
    socket.send(reply, from.port, from.address);
  });

  function answersFor(name: string, type: string): Answer[] {
    const alias = aliases.get(name);
    if (alias !== undefined) return [{ type: "CNAME", name, ttl: 1, data: alias }];
    if (type === "TXT")
      return [...(texts.get(name) ?? []), ...linesOf(join(recordsDirectory, name))].map((text) => ({
        type: "TXT",
        name,
        ttl: 1,
        data: text,
      }));
    const there = name.endsWith(".test") && !missing.has(name);
    return type === "A" && there ? [{ type: "A", name, ttl: 1, data: "127.0.0.1" }] : [];
  }

  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  return {
    address: `127.0.0.1:${port}`,
    port,
    texts,
    aliases,
    missing,
    queries,
    async [Symbol.asyncDispose]() {
      socket.close();
      await once(socket, "close");
    },
  };
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, "utf8").split("\n").filter(Boolean);
  } catch {
    return [];
  }
}
