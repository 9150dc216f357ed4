import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { Readable } from "node:stream";
import type { TestRegistry } from "./registry-server.ts";

const pieceBytes = 256 * 1024;
const repository = "load/large";

/** What a load did to a registry. */
export interface RegistryLoad {
  readonly bytes: number;
  readonly pushS: number;
  readonly pullS: number;
  /** Most resident memory of the server's process so far, by the system. */
  readonly peakResidentMb: number;
}

/** Pushes layers of random content, some at once, then pulls each and compares, all as streams.
 * @throws Error where a request fails or the content differs */
export async function loadRegistry(
  registry: TestRegistry,
  { layers, layerBytes, atOnce }: { layers: number; layerBytes: number; atOnce: number },
  onProgress: (line: string) => void = () => {},
): Promise<RegistryLoad> {
  const agent = new Agent({ ca: readFileSync(registry.caFile), keepAlive: true });
  const client = { registry, agent };
  try {
    const digests: string[] = [];
    const startedAtMs = performance.now();
    await eachAtOnce(layers, atOnce, async () => {
      digests.push(await pushLayer(client, layerBytes));
      onProgress(`pushed ${digests.length} of ${layers}, ${await memoryLine(registry)}`);
    });
    const pushedAtMs = performance.now();
    await eachAtOnce(layers, atOnce, async (index) => {
      await pullLayer(client, digests[index] ?? "", layerBytes);
      onProgress(`pulled ${index + 1} of ${layers}, ${await memoryLine(registry)}`);
    });
    const pulledAtMs = performance.now();
    return {
      bytes: layers * layerBytes,
      pushS: (pushedAtMs - startedAtMs) / 1_000,
      pullS: (pulledAtMs - pushedAtMs) / 1_000,
      peakResidentMb: await residentMb(registry, "VmHWM"),
    };
  } finally {
    agent.destroy();
  }
}

interface Client {
  readonly registry: TestRegistry;
  readonly agent: Agent;
}

async function eachAtOnce(
  count: number,
  atOnce: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  const indexes = Array.from({ length: count }, (_, index) => index).values();
  const lane = async (): Promise<void> => {
    for (const index of indexes) await work(index);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

async function pushLayer(client: Client, sizeBytes: number): Promise<string> {
  const begun = await send(client, "POST", `/v2/${repository}/blobs/uploads/`, 202);
  const hash = createHash("sha256");
  const body = Readable.from(randomPieces(sizeBytes, hash));
  const appended = await send(client, "PATCH", begun.headers.location ?? "", 202, { body, sizeBytes });
  const digest = `sha256:${hash.digest("hex")}`;
  const location = new URL(appended.headers.location ?? "", client.registry.url);
  location.searchParams.set("digest", digest);
  await send(client, "PUT", location.href, 201);
  return digest;
}

/** Differs in each piece, and is quick to make. */
function* randomPieces(sizeBytes: number, hash: ReturnType<typeof createHash>): Generator<Buffer> {
  const seed = randomBytes(pieceBytes);
  for (let done = 0, left = sizeBytes; left > 0; done += 1, left -= pieceBytes) {
    const piece = Buffer.from(seed.subarray(0, Math.min(left, pieceBytes)));
    if (piece.length >= 4) piece.writeUInt32LE(done);
    hash.update(piece);
    yield piece;
  }
}

async function pullLayer(client: Client, digest: string, sizeBytes: number): Promise<void> {
  const response = await open(client, "GET", `/v2/${repository}/blobs/${digest}`, 200);
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  const found = `sha256:${hash.digest("hex")}`;
  if (found !== digest || bytes !== sizeBytes)
    throw new Error(`pulled ${bytes} bytes ${found}, not ${digest}`);
}

async function send(
  client: Client,
  method: string,
  location: string,
  status: number,
  content?: { body: Readable; sizeBytes: number },
): Promise<IncomingMessage> {
  const response = await open(client, method, location, status, content);
  response.resume();
  return response;
}

function open(
  { registry, agent }: Client,
  method: string,
  location: string,
  status: number,
  content?: { body: Readable; sizeBytes: number },
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${registry.admin.token}`,
      "content-length": content?.sizeBytes ?? 0,
      ...(content === undefined ? {} : { "content-type": "application/octet-stream" }),
    };
    const outgoing = request(new URL(location, registry.url), { method, agent, headers }, (response) => {
      if (response.statusCode === status) resolve(response);
      else reject(new Error(`${method} ${location}: ${response.statusCode}`));
    });
    outgoing.on("error", reject);
    if (content === undefined) outgoing.end();
    else content.body.pipe(outgoing);
  });
}

async function memoryLine(registry: TestRegistry): Promise<string> {
  const [now, peak] = [await residentMb(registry, "VmRSS"), await residentMb(registry, "VmHWM")];
  return `${now.toFixed(0)} MB resident, at most ${peak.toFixed(0)} MB`;
}

/** Of the process of the server, as Linux counts it. */
async function residentMb(registry: TestRegistry, field: "VmRSS" | "VmHWM"): Promise<number> {
  const status = await readFile(`/proc/${registry.program.child.pid}/status`, "utf8");
  const kibibytes = new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1];
  return (Number(kibibytes) * 1_024) / 1_000_000;
}
