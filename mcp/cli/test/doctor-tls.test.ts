import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";

import { type Certificates, makeCertificates } from "@metacircular/mcdsl/test/certificates.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";

import { anAgent, examined, type Examination, wrong } from "./examination.ts";
import { parsed, runTool } from "./tool.ts";
import { createWorkplace } from "./workplace.ts";

async function filesOf({ certFile, keyFile }: Certificates): Promise<{ cert: Buffer; key: Buffer }> {
  return { cert: await readFile(certFile), key: await readFile(keyFile) };
}

/** A TLS server that shows its certificate and does nothing else. */
async function listenTls(options: TlsOptions): Promise<AsyncDisposable & { address: string }> {
  const server = createTlsServer(options, (socket) => socket.on("error", () => {}));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => void server.close(),
  };
}

/** Findings about TLS of a node that shows this certificate. */
async function shown(address: string, caFile: string): Promise<string[]> {
  await using place = await createTemporaryDirectory();
  const file = join(place.path, "mcp.toml");
  await mkdir(join(place.path, "services"));
  await writeFile(file, `[tls]\nca_cert = "${caFile}"\n[[nodes]]\nname = "rift"\naddress = "${address}"\n`);
  const { stdout } = await runTool(["doctor", "-o", "json"], { env: { MCP_CONFIG: file, MCP_TOKEN: "t" } });
  const { nodes } = parsed<Examination>(stdout);
  return wrong(nodes.flatMap(({ findings }) => findings)).map((line) =>
    line.replaceAll(/127\.0\.0\.1:\d+/g, "rift"),
  );
}

describe("doctor, of certificates", () => {
  test("one of another authority, for another name, expired, or by TLS 1.2 is found", async () => {
    using ours = makeCertificates();
    using other = makeCertificates();
    await using strange = await listenTls(await filesOf(other));
    assert.match(
      (await shown(strange.address, ours.caFile)).join("\n"),
      /^tls problem rift: its certificate comes from CN=Test CA, for which .*ca\.pem does not vouch \(\w+\)$/,
    );

    using misnamed = makeCertificates({ names: "DNS:svc.example.net" });
    await using wrongName = await listenTls(await filesOf(misnamed));
    assert.deepEqual(await shown(wrongName.address, misnamed.caFile), [
      "tls problem rift: its certificate is for DNS:svc.example.net, not for 127.0.0.1",
    ]);

    using expired = makeCertificates({ days: "-1" });
    await using old = await listenTls(await filesOf(expired));
    assert.match(
      (await shown(old.address, expired.caFile)).join("\n"),
      /^tls problem rift: the certificate expired at 2\S+$/,
    );

    await using dated = await listenTls({ ...(await filesOf(ours)), maxVersion: "TLSv1.2" });
    assert.match(
      (await shown(dated.address, ours.caFile)).join("\n"),
      /^tls problem rift: it speaks TLSv1\.2, not TLS 1\.3$/m,
    );
  });
});

describe("doctor, of the identity service", () => {
  const certificates = makeCertificates();
  process.on("exit", () => certificates[Symbol.dispose]());

  /** Findings about an identity service that answers so. */
  async function asked(
    answer: { body?: (own: string) => object; offsetMs?: number } | undefined,
  ): Promise<string[]> {
    const server = createServer(await filesOf(certificates), (_, response) => {
      if (answer?.offsetMs !== undefined)
        response.setHeader("date", new Date(Date.now() + answer.offsetMs).toUTCString());
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(answer?.body?.(own) ?? { issuer: own }));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const own = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    if (answer === undefined) server.close();
    await using place = await createWorkplace(
      { rift: anAgent("rift") },
      `[mcias]\nserver_url = "${own}"\nca_cert = "${certificates.caFile}"\n`,
    );
    const { seen } = await examined(place);
    server.close();
    return wrong(seen.machine).map((line) => line.replaceAll(own, "MCIAS"));
  }

  test("one that is down, another one, or one with another time is found", async () => {
    assert.deepEqual(await asked({}), []);
    assert.deepEqual(await asked(undefined), ["reachability problem MCIAS: the connection was refused"]);
    assert.deepEqual(await asked({ body: () => ({ issuer: "https://other" }) }), [
      "identity-service problem MCIAS: it calls itself https://other, and so do its tokens",
    ]);
    const askedAtMs = performance.now();
    const [found = ""] = await asked({ offsetMs: 90_000 });
    const tookS = (performance.now() - askedAtMs) / 1_000;
    const [, aheadS] =
      /^clock problem clock of MCIAS: it is (\d\d\.\d) s ahead of this machine's$/.exec(found) ?? [];
    // The date of HTTP is cut to whole seconds, and what the answer took to arrive is not known.
    assert.ok(Number(aheadS) > 88.9 - tookS && Number(aheadS) <= 90, found);
  });
});
