import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Client } from "@connectrpc/connect";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { fromConnectError } from "@metacircular/mcdsl/grpc/errors.ts";
import { type Certificates, makeCertificates } from "@metacircular/mcdsl/test/certificates.ts";
import { type GrpcFixture, startFixture } from "@metacircular/mcdsl/test/grpc-fixture.ts";
import type { McpAgent, UploadFileRequestSchema } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { createFiles, type Files } from "../files/files.ts";
import { filesMethods } from "../rpc/files.ts";
import { createFilesFixture, type FilesFixture } from "./files-fixture.ts";

type Part = MessageInitShape<typeof UploadFileRequestSchema>;

const mebibyte = 1024 * 1024;
const idleMs = 60_000;
/** For senders and takers that fall silent. */
const impatientMs = 500;

let certificates: Certificates;
let fixture: FilesFixture;
const resources = new AsyncDisposableStack();
let agent: Client<typeof McpAgent>;
/** An agent for the same files that waits for nobody. */
let impatient: Client<typeof McpAgent>;

before(async () => {
  certificates = makeCertificates();
  fixture = resources.use(await createFilesFixture({ idleMs }));
  agent = (await serve(fixture.files)).client();
  const { servicesDir, log, registry } = fixture;
  const shared = { servicesDir, ownFiles: [], uploads: registry.uploads, clock: systemClock };
  const files = createFiles({ ...shared, logger: log.logger, idleMs: impatientMs });
  impatient = (await serve(resources.use(files))).client();
});
after(async () => {
  await resources.disposeAsync();
  certificates[Symbol.dispose]();
});

async function serve(files: Files): Promise<GrpcFixture> {
  return resources.use(await startFixture(certificates, filesMethods({ files })));
}

function start(path: string, sizeBytes: number): Part {
  return { part: { case: "start", value: { service: "web", path, sizeBytes: BigInt(sizeBytes) } } };
}
const chunk = (content: Uint8Array): Part => ({ part: { case: "chunk", value: content } });
function end(content: Uint8Array): Part {
  return { part: { case: "end", value: { sha256: createHash("sha256").update(content).digest() } } };
}

async function* stream(...parts: readonly Part[]): AsyncGenerator<Part> {
  yield* parts;
}

/** Code of what a call throws. */
async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "done",
    (error: unknown) => fromConnectError(error).code,
  );
}

/** Waits until no transfer is left. */
function quiet(): Promise<void> {
  return eventually(async () => {
    const names = await readdir(join(fixture.servicesDir), { recursive: true });
    assert.deepEqual(
      names.filter((name) => name.includes(".mcp-upload-")),
      [],
    );
    assert.deepEqual(fixture.registry.uploads.all(), []);
  });
}

describe("the files of a service by gRPC", () => {
  test("go there and back in one message, as in the first version of the contract", async () => {
    const content = Buffer.from("a = 1\n");
    const file = { service: "web", path: "unary/app.toml" };
    assert.deepEqual(await agent.pushFile({ ...file, content, mode: 0o600 }), {
      $typeName: "mcp.v1.PushFileResponse",
      success: true,
      error: "",
    });
    const pulled = await agent.pullFile(file);
    assert.deepEqual([Buffer.from(pulled.content), pulled.mode, pulled.error], [content, 0o600, ""]);
    const refused = await agent.pushFile({ service: "web", path: "../x", content });
    assert.equal(refused.success, false);
    assert.match(refused.error, /^cannot push "\.\.\/x": it has a part "\.\."/);
    assert.match((await agent.pullFile({ service: "web", path: "missing" })).error, /there is no such file/);
  });

  test("go there in a stream", async () => {
    const content = Buffer.alloc(3 * mebibyte, "stream");
    const parts = [0, 1, 2].map((index) => chunk(content.subarray(index * mebibyte, (index + 1) * mebibyte)));
    const answer = await agent.uploadFile(stream(start("streamed", content.length), ...parts, end(content)));
    assert.equal(answer.path, join(fixture.servicesDir, "web/streamed"));
    assert.equal(answer.sizeBytes, BigInt(content.length));
    assert.deepEqual(await readFile(answer.path), content);
  });

  const wrong: [string, string, Part[]][] = [
    ["without a start", "FILE_STREAM_INVALID", [chunk(Buffer.from("x")), end(Buffer.from("x"))]],
    ["with nothing in it", "FILE_STREAM_INVALID", []],
    ["without an end", "FILE_STREAM_INVALID", [start("wrong", 1), chunk(Buffer.from("x"))]],
    ["with two starts", "FILE_STREAM_INVALID", [start("wrong", 1), start("wrong", 1)]],
    [
      "that is too short",
      "FILE_INCOMPLETE",
      [start("wrong", 2), chunk(Buffer.from("x")), end(Buffer.from("x"))],
    ],
    [
      "that is too long",
      "FILE_INCOMPLETE",
      [start("wrong", 0), chunk(Buffer.from("x")), end(Buffer.from("x"))],
    ],
    [
      "with a wrong sum",
      "FILE_CORRUPTED",
      [start("wrong", 1), chunk(Buffer.from("x")), end(Buffer.from("y"))],
    ],
  ];
  for (const [what, code, parts] of wrong) {
    test(`are untouched by a stream ${what}`, async () => {
      assert.equal(await codeOf(agent.uploadFile(stream(...parts))), code);
      await quiet();
      assert.equal((await readdir(join(fixture.servicesDir, "web"))).includes("wrong"), false);
    });
  }

  test("explain a refusal to a sender in full swing", async () => {
    const block = Buffer.alloc(mebibyte);
    async function* endless(): AsyncGenerator<Part> {
      yield start("../escape", 2 ** 40);
      for (;;) yield chunk(block);
    }
    assert.equal(await codeOf(agent.uploadFile(endless())), "FILE_PATH_INVALID");
  });

  test("survive a sender that goes away or falls silent", async () => {
    const gone = new AbortController();
    const silent = Promise.withResolvers<undefined>();
    async function* half(path: string): AsyncGenerator<Part> {
      yield start(path, mebibyte);
      yield chunk(Buffer.alloc(1024));
      await silent.promise;
    }
    const leaving = codeOf(agent.uploadFile(half("config/app.toml"), { signal: gone.signal }));
    await eventually(() => assert.equal(fixture.registry.uploads.all().length, 1));
    gone.abort();
    assert.equal(await leaving, "CANCELLED");
    await quiet();
    assert.equal(await codeOf(impatient.uploadFile(half("config/app.toml"))), "FILE_TRANSFER_STALLED");
    await quiet();
    silent.resolve(undefined);
    assert.equal(await readFile(join(fixture.servicesDir, "web/config/app.toml"), "utf8"), "old\n");
  });

  test("are read no faster than they are taken, and let go when nobody takes them", async () => {
    // Compressing does not make it fit into what is buffered on the way.
    await writeFile(join(fixture.servicesDir, "web/large"), randomBytes(64 * mebibyte));
    const parts = impatient.downloadFile({ service: "web", path: "large" })[Symbol.asyncIterator]();
    await parts.next();
    const before = process.memoryUsage().rss;
    await eventually(() => {
      const ended = fixture.log.lines.find(({ path, outcome }) => path === "large" && outcome === "failed");
      assert.equal(ended?.["errorCode"], "FILE_TRANSFER_STALLED");
    });
    assert.ok(process.memoryUsage().rss - before < 48 * mebibyte);
    const rest = (async () => {
      while ((await parts.next()).done !== true);
    })();
    assert.equal(await codeOf(rest), "FILE_TRANSFER_STALLED");
  });

  test("are let go when the taker goes away", async () => {
    const gone = new AbortController();
    const calling = agent.downloadFile({ service: "web", path: "large" }, { signal: gone.signal });
    await calling[Symbol.asyncIterator]().next();
    gone.abort();
    await eventually(() => {
      const ended = fixture.log.lines.filter(
        ({ path, outcome }) => path === "large" && outcome === "broken off",
      );
      assert.equal(ended.length, 1);
    }, idleMs * 0.9);
  });
});
