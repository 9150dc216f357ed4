import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { after, before, describe, test } from "node:test";
import { createServer as createTlsServer } from "node:tls";
import {
  createTemporaryDirectory,
  type TemporaryDirectory,
} from "@metacircular/testkit/temporary-directory.ts";
import { freePort } from "@metacircular/testkit/free-port.ts";
import { acmeConfigSchema, connectRule } from "../config.ts";
import { AcmeProblem } from "../problem.ts";
import { serverNameOf } from "../identifier.ts";
import { validateDns01 } from "../validation/dns-01.ts";
import { validateHttp01 } from "../validation/http-01.ts";
import { createNames } from "../validation/names.ts";
import { type Proof, keyAuthorizationDigest, type ValidationParts } from "../validation/proof.ts";
import { validateTlsAlpn01 } from "../validation/tls-alpn-01.ts";
import { succeed } from "./client-process.ts";
import { type NameServer, startNameServer } from "./name-server.ts";

const token = "token";
const proof: Proof = {
  identifier: { type: "dns", value: "a.test" },
  token,
  keyAuthorization: "token.thumbprint",
};

let directory: TemporaryDirectory;
let names: NameServer;
let parts: ValidationParts;
before(async () => {
  directory = await createTemporaryDirectory();
  names = await startNameServer(directory.path);
  parts = partsWith({ http_port: await freePort(), tls_port: await freePort() });
});
after(async () => {
  await names[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

function partsWith(settings: Record<string, unknown>, signal = AbortSignal.timeout(60_000)): ValidationParts {
  const config = acmeConfigSchema.parse({ resolver: names.address, ...settings });
  return { config, names: createNames(config), mayConnect: connectRule(config), signal };
}

async function serve(listener: RequestListener): Promise<AsyncDisposable> {
  const server = createServer(listener);
  server.listen(parts.config.http_port, "127.0.0.1");
  await once(server, "listening");
  return {
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

/** A server that shows a certificate with these extensions for a protocol. */
async function shown(additions: readonly string[], protocol = "acme-tls/1"): Promise<AsyncDisposable> {
  const key = `${directory.path}/key.pem`;
  const cert = `${directory.path}/cert.pem`;
  const files = ["-keyout", key, "-out", cert, "-nodes", "-subj", "/CN=x"];
  const extensions = additions.flatMap((addition) => ["-addext", addition]);
  const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
  await succeed("openssl", ["req", "-x509", ...ec, ...files, ...extensions]);
  const server = createTlsServer(
    { key: readFileSync(key), cert: readFileSync(cert), ALPNProtocols: [protocol] },
    (socket) => socket.on("error", () => undefined),
  );
  server.on("tlsClientError", () => undefined);
  server.listen(parts.config.tls_port, "127.0.0.1");
  await once(server, "listening");
  return {
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, "close");
    },
  };
}

function isProblem(type: string, detail = /./u) {
  return (thrown: unknown) =>
    thrown instanceof AcmeProblem && thrown.type === type && detail.test(thrown.message);
}

describe("http-01", () => {
  test("takes the key authorization, with white space after it, also behind redirects", async () => {
    await using _ = await serve((request, response) => {
      if (request.url === "/elsewhere") response.end(`${proof.keyAuthorization}\n`);
      else response.writeHead(302, { location: "http://b.test/elsewhere" }).end();
    });
    await validateHttp01(proof, parts);
  });

  test("asks for the name by its Host header at the well-known path", async () => {
    const asked: string[] = [];
    await using _ = await serve(({ headers, url }, response) => {
      asked.push(`${headers.host}${url}`);
      response.end(proof.keyAuthorization);
    });
    await validateHttp01(proof, parts);
    assert.deepEqual(asked, ["a.test/.well-known/acme-challenge/token"]);
  });

  for (const location of ["http://a.test:22/", "ftp://a.test/", "file:///etc/passwd", "http://"]) {
    test(`does not follow a redirect to ${location}`, async () => {
      await using _ = await serve((_request, response) => void response.writeHead(301, { location }).end());
      await assert.rejects(validateHttp01(proof, parts), isProblem("connection", /does not follow/u));
    });
  }

  test("ends an endless chain of redirects", async () => {
    await using _ = await serve(
      (_request, response) => void response.writeHead(301, { location: "/" }).end(),
    );
    await assert.rejects(validateHttp01(proof, parts), isProblem("connection", /redirects/u));
  });

  test("ends an endless body", async () => {
    await using _ = await serve((_request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write("x".repeat(10_000)));
      };
      response.on("drain", more);
      more();
    });
    await assert.rejects(validateHttp01(proof, parts), isProblem("incorrectResponse"));
  });

  test("never tells what it found", async () => {
    await using _ = await serve((_request, response) => void response.end("the secret of somebody"));
    await assert.rejects(
      validateHttp01(proof, parts),
      (thrown) => thrown instanceof AcmeProblem && !JSON.stringify(thrown.document).includes("secret"),
    );
  });

  test("ends when the time is over", async () => {
    await using _ = await serve(() => undefined);
    const { http_port } = parts.config;
    const timed = partsWith({ http_port }, AbortSignal.timeout(50));
    await assert.rejects(validateHttp01(proof, timed), { name: "TimeoutError" });
  });

  test("does not connect to networks that are denied or not allowed, also after a redirect", async () => {
    const denied = partsWith({ denied_networks: ["127.0.0.0/8"] });
    await assert.rejects(validateHttp01(proof, denied), isProblem("connection", /configuration/u));
    const others = partsWith({ allowed_networks: ["10.0.0.0/8"] });
    await assert.rejects(validateHttp01(proof, others), isProblem("connection", /configuration/u));
    await using _ = await serve((_request, response) => {
      response.writeHead(301, { location: "http://169.254.169.254/latest/meta-data" }).end();
    });
    await assert.rejects(validateHttp01(proof, parts), isProblem("connection", /169\.254\.169\.254/u));
  });

  test("says that nobody listens, and that there is no such name", async () => {
    const closed = partsWith({ http_port: await freePort() });
    await assert.rejects(validateHttp01(proof, closed), isProblem("connection", /ECONNREFUSED/u));
    const unknown = { ...proof, identifier: { type: "dns" as const, value: "a.invalid" } };
    await assert.rejects(validateHttp01(unknown, parts), isProblem("dns"));
  });
});

describe("dns-01", () => {
  test("takes one of several records, and follows aliases, though not in a circle", async () => {
    const value = keyAuthorizationDigest(proof.keyAuthorization).toString("base64url");
    await assert.rejects(validateDns01(proof, parts), isProblem("unauthorized"));
    names.texts.set("_acme-challenge.a.test", ["x", "y"]);
    await assert.rejects(validateDns01(proof, parts), isProblem("incorrectResponse"));
    names.texts.set("_acme-challenge.a.test", ["x", value]);
    await validateDns01(proof, parts);
    names.aliases.set("_acme-challenge.a.test", "one.test").set("one.test", "two.test");
    names.texts.set("two.test", [value]);
    await validateDns01(proof, parts);
    names.aliases.set("two.test", "one.test");
    await assert.rejects(validateDns01(proof, parts), isProblem("dns"));
  });

  test("waits for the machine's own resolver no longer than there is time", async () => {
    const localhost = { type: "dns", value: "localhost" } as const;
    const late = createNames({ resolver: "" }).addresses(localhost, AbortSignal.abort());
    await assert.rejects(late, { name: "AbortError" });
  });

  test("says that the name server does not answer", async () => {
    const dead = partsWith({ resolver: `127.0.0.1:${await freePort()}` });
    await assert.rejects(validateDns01(proof, dead), isProblem("dns", /query .* failed/u));
  });
});

describe("tls-alpn-01", () => {
  const digest = keyAuthorizationDigest(proof.keyAuthorization).toString("hex");
  const extension = (critical: string, value: string) => `1.3.6.1.5.5.7.1.31=${critical}DER:0420${value}`;

  test("takes a certificate with the name and the digest in a critical extension", async () => {
    await using _ = await shown(["subjectAltName=DNS:A.test", extension("critical,", digest)]);
    await validateTlsAlpn01(proof, parts);
  });

  for (const [what, additions] of [
    ["another name", ["subjectAltName=DNS:b.test", extension("critical,", digest)]],
    ["a further name", ["subjectAltName=DNS:a.test,DNS:b.test", extension("critical,", digest)]],
    ["no name", [extension("critical,", digest)]],
    ["an extension that is not critical", ["subjectAltName=DNS:a.test", extension("", digest)]],
    ["another digest", ["subjectAltName=DNS:a.test", extension("critical,", "00".repeat(32))]],
    ["no extension", ["subjectAltName=DNS:a.test"]],
  ] as const) {
    test(`refuses a certificate with ${what}`, async () => {
      await using _ = await shown(additions);
      await assert.rejects(validateTlsAlpn01(proof, parts), isProblem("incorrectResponse"));
    });
  }

  test("refuses a server that speaks something else, and tells one that is not there", async () => {
    await assert.rejects(validateTlsAlpn01(proof, parts), isProblem("connection"));
    await using _ = await shown(["subjectAltName=DNS:a.test"], "h2");
    await assert.rejects(validateTlsAlpn01(proof, parts), isProblem("tls"));
  });

  test("asks for addresses by their reverse names (RFC 8738, section 6)", () => {
    assert.equal(serverNameOf({ type: "ip", value: "192.0.2.1" }), "1.2.0.192.in-addr.arpa");
    assert.equal(
      serverNameOf({ type: "ip", value: "2001:db8::567" }),
      "7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
    );
  });
});
