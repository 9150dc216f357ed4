import type { BigIntStats } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "@metacircular/mcdsl/errors.ts";
import { type ParsedCertificate, parseCertificate } from "./certificate.ts";

/** What a certificate file holds now. */
export interface CertificateFile {
  /** Without the extension. */
  readonly name: string;
  readonly parsed: ParsedCertificate;
  /** What should be mended although the certificate can be used. */
  readonly warning?: string;
}

interface Seen {
  readonly signature: string;
  /** Whether another change after it would show in the signature. */
  readonly isSettled: boolean;
  readonly file: CertificateFile;
}

/** A key and a long chain have 10 to 20 KiB. */
const maxBytes = 256 * 1024;
const maxFiles = 20_000;
/** File systems count time in steps; what changes twice within one looks unchanged. */
const stepMs = 2_000;

/** A directory of certificates: `<name>.pem` with private key and chain, or `<name>.pem` and `<name>.key`. Names that
 * begin with a dot are skipped: they are files that somebody is writing. Symbolic links are followed. */
export class CertificateDirectory {
  readonly path: string;
  #seen = new Map<string, Seen>();

  constructor(path: string) {
    this.path = path;
  }

  /** All files, by name. What has not changed since the last call is not read again.
   * @throws the file system's error where the directory cannot be listed */
  async read(nowMs: number): Promise<CertificateFile[]> {
    const entries = new Set(await readdir(this.path));
    const names = [...entries].flatMap((entry) => /^([^.].*)\.pem$/u.exec(entry)?.[1] ?? []).toSorted();
    const seen = new Map<string, Seen>();
    for (const name of names.slice(0, maxFiles)) {
      seen.set(name, await this.#look(name, entries.has(`${name}.key`), nowMs));
    }
    this.#seen = seen;
    const beyond = names.slice(maxFiles, maxFiles + 1);
    const tooMany = { problem: `it and those after it are not read: there are more than ${maxFiles} files` };
    return [
      ...[...seen.values()].map(({ file }) => file),
      ...beyond.map((name) => ({ name, parsed: tooMany })),
    ];
  }

  async #look(name: string, hasKeyFile: boolean, nowMs: number): Promise<Seen> {
    const paths = [`${name}.pem`, ...(hasKeyFile ? [`${name}.key`] : [])].map((file) =>
      join(this.path, file),
    );
    try {
      const stats = await Promise.all(paths.map((path) => stat(path, { bigint: true })));
      const signature = stats.map(signatureOf).join(" ");
      const before = this.#seen.get(name);
      if (before?.isSettled === true && before.signature === signature) return before;
      const isSettled = stats.every(({ mtimeMs }) => nowMs - Number(mtimeMs) > stepMs);
      return { signature, isSettled, file: await readCertificateFile(name, paths, stats) };
    } catch (thrown) {
      const file = { name, parsed: { problem: `it cannot be read: ${messageOf(thrown)}` } };
      return { signature: "", isSettled: false, file };
    }
  }
}

async function readCertificateFile(
  name: string,
  paths: readonly string[],
  stats: readonly BigIntStats[],
): Promise<CertificateFile> {
  if (!/^[\w*-][\w.*-]{0,199}$/u.test(name))
    return { name, parsed: { problem: 'its name must be 1 to 200 of a-z, A-Z, 0-9, ".", "_", "-", "*"' } };
  if (!stats.every((each) => each.isFile())) return { name, parsed: { problem: "it is not a regular file" } };
  if (stats.some(({ size }) => size > maxBytes))
    return { name, parsed: { problem: `it is larger than ${maxBytes} bytes` } };
  const texts = await Promise.all(paths.map((path) => readFile(path, "utf8")));
  const parsed = parseCertificate(name, withOneKey(texts));
  const keyStat = stats.at(-1);
  const isExposed = keyStat !== undefined && (keyStat.mode & 0o004n) !== 0n;
  return {
    name,
    parsed,
    ...(isExposed ? { warning: "everybody may read its private key; chmod 600 it" } : {}),
  };
}

/** A `.key` beside a `.pem` that has a key of its own is not needed. */
function withOneKey(texts: readonly string[]): string {
  const [pem = "", key = ""] = texts;
  return pem.includes("PRIVATE KEY-----") ? pem : `${pem}\n${key}`;
}

function signatureOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(":");
}
