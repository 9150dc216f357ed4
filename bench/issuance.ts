import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import { createGrpcClientTransport } from "@metacircular/mcdsl/grpc/client.ts";
import { generateKeyPair } from "@metacircular/metacrypt/ca/key-pair.ts";
import { pemOf } from "@metacircular/metacrypt/ca/pem.ts";
import { runMetacrypt } from "@metacircular/testkit/metacrypt.ts";
import { createWorld } from "@metacircular/testkit/metacrypt-world.ts";
import { CaService } from "@metacircular/proto/gen/metacrypt/v1/ca_pb.ts";
import type { Benchmark } from "./benchmark.ts";
import { outputOf, timeCommand } from "./commands.ts";
import { interleave, median, timed } from "./measure.ts";
import { comparedRow } from "./result.ts";

const rounds = 5;
/** Certificates of a round. */
const count = 100;
const callers = 8;
const goal = 1;
const environment = { PATH: process.env["PATH"] ?? "" };

/** How fast certificates are issued: asked for by 8 callers, judged by the policy, recorded behind the barrier and in the
 * audit log before each answer; against the bare command that signs and records nothing. */
export const issuance: Benchmark = {
  name: "issuance",
  summary: `${count} P-256 certificates, recorded, from Metacrypt by gRPC against as many runs of \`openssl x509 -req\``,
  async run(say) {
    await using world = await createWorld();
    await using metacrypt = await runMetacrypt(world, { args: ["--unattended-key-file"] });
    for (const args of [
      ["mount", "add", "pki", "ca"],
      ["ca", "root", "root", "--common-name", "Bench root"],
    ]) {
      const { code, err } = await metacrypt.run(args);
      assert.equal(code, 0, err);
    }
    await using transport = createGrpcClientTransport({
      address: metacrypt.grpc,
      caFile: world.certificates.caFile,
      timeoutMs: 60_000,
      token: () => Promise.resolve(world.tokens.admin),
    });
    const client = createClient(CaService, transport);
    const publicKeyPem = pemOf("PUBLIC KEY", generateKeyPair().publicKey);
    const sign = await opensslCommand(metacrypt.directory);
    const samples = await interleave(
      {
        ours: () =>
          timed(() =>
            together(callers, count / callers, async () => {
              const { certificatePem } = await client.issue({
                mount: "pki",
                names: ["a.example.org"],
                publicKeyPem,
              });
              assert.match(certificatePem, /BEGIN CERTIFICATE/);
            }),
          ),
        peer: async () => {
          let totalMs = 0;
          for (let each = 0; each < count; each += 1) totalMs += await timeCommand(sign, environment);
          return totalMs;
        },
      },
      { rounds },
    );
    say(`${Math.round(count / (median(samples.ours) / 1_000))} certificates/s`);
    return [comparedRow(`${count} certificates issued / openssl x509 -req`, samples, goal)];
  },
};

/** So many at a time, each so often. */
async function together(many: number, often: number, work: () => Promise<void>): Promise<void> {
  await Promise.all(
    Array.from({ length: many }, async () => {
      for (let each = 0; each < often; each += 1) await work();
    }),
  );
}

/** The command that signs a prepared request with an authority of P-256 in files. */
async function opensslCommand(directory: string): Promise<string[]> {
  const path = (name: string): string => join(directory, `openssl-${name}`);
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const root = ["-x509", "-subj", "/CN=Bench root", "-keyout", path("root.key"), "-out", path("root.pem")];
  await outputOf(["openssl", "req", ...curve, ...root], environment);
  const leaf = ["-subj", "/CN=a.example.org", "-keyout", path("leaf.key"), "-out", path("leaf.csr")];
  await outputOf(["openssl", "req", ...curve, ...leaf], environment);
  await writeFile(path("extensions"), "subjectAltName = DNS:a.example.org\nextendedKeyUsage = serverAuth\n");
  return [
    ...[
      "openssl",
      "x509",
      "-req",
      "-in",
      path("leaf.csr"),
      "-CA",
      path("root.pem"),
      "-CAkey",
      path("root.key"),
    ],
    ...["-extfile", path("extensions"), "-days", "90", "-out", path("leaf.pem")],
  ];
}
