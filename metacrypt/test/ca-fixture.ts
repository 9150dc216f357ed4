import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Authority } from "../ca/authorities/authority.ts";
import { createIntermediate } from "../ca/authorities/create-intermediate.ts";
import { generateKeyPairOf, type KeyPair } from "../ca/key-pair.ts";
import type { KeyType } from "../ca/key-type.ts";
import { CaMount } from "../ca/mount.ts";
import { pemOf } from "../ca/pem.ts";
import { memoryEngineParts } from "./memory-engine.ts";

const execute = promisify(execFile);

/** Runs a program and returns all that it printed; rejects where its exit code is not 0. */
export async function run(program: string, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await execute(program, args, { timeout: 240_000, maxBuffer: 16 * 1024 * 1024 });
  return stdout + stderr;
}

export interface Directory extends AsyncDisposable {
  /** Writes a file and returns its path. */
  file(name: string, content: string | Uint8Array): Promise<string>;
}

export async function temporaryDirectory(): Promise<Directory> {
  const directory = await mkdtemp(join(tmpdir(), "metacrypt-ca-"));
  return {
    async file(name, content) {
      await writeFile(join(directory, name), content, { mode: 0o600 });
      return join(directory, name);
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

/** A mount in memory with a root and, below it, so many intermediates one under the other. The last one issues. */
export async function mountOfDepth(
  depth: number,
  options: { readonly keyType?: KeyType; readonly clock?: Clock; readonly mount?: string } = {},
): Promise<CaMount> {
  const { keyType = "ecdsa-p256", ...rest } = options;
  const mount = await CaMount.open(memoryEngineParts(rest));
  const wish = { name: "root", subject: { commonName: `Root ${keyType}` }, keyType, pathLength: depth };
  let above: Authority = await mount.desk.createRoot(wish, "test");
  for (let level = 1; level <= depth; level += 1) {
    const name = `level-${level}`;
    const subject = { organization: "Test", commonName: `Level ${level}` };
    above = await createIntermediate(
      { mount, wish: { name, subject, keyType, pathLength: depth - level }, issuer: { mount, id: above.id } },
      "test",
    );
  }
  mount.desk.change(above.id, { makeDefault: true }, "test");
  return mount;
}

/** A certificate for a new key. */
export async function issueFor(
  mount: CaMount,
  names: readonly string[],
  options: {
    readonly profile?: string;
    readonly keyType?: KeyType;
    /** Default: a new one. */
    readonly key?: KeyPair;
    readonly lifetimeMs?: number;
  } = {},
): Promise<{ key: KeyPair } & Awaited<ReturnType<CaMount["issue"]>>> {
  const { profile = "server", keyType = "ecdsa-p256", lifetimeMs } = options;
  const { key = await generateKeyPairOf(keyType) } = options;
  const issued = await mount.issue({
    profile,
    names,
    publicKey: key.publicKey,
    requester: "tester",
    ...(lifetimeMs === undefined ? {} : { lifetimeMs }),
  });
  return { ...issued, key };
}

/** The root of a mount, PEM. */
export function rootPem(mount: CaMount): string {
  return pemOf("CERTIFICATE", mount.authorities.get("root").certificate.encoded);
}
