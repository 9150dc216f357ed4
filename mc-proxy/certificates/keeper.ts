import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { messageOf } from "@metacircular/mcdsl/errors.ts";
import { writeFileAtomic } from "@metacircular/mcdsl/files/write-atomic.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { type Certificate, parseCertificate, validityProblem } from "./certificate.ts";
import { CertificateDirectory, type CertificateFile } from "./directory.ts";

/** What can be served, and what is wrong in the directory. */
export interface KeptCertificates {
  readonly certificates: readonly Certificate[];
  /** One sentence each, with the name of the file. */
  readonly problems: readonly string[];
}

/** Reads the certificate directory, and keeps the last usable content of each file, also over a restart: a file that
 * breaks costs nobody the certificate that worked. A file that is removed takes its certificate with it. */
export class CertificateKeeper {
  readonly #directory: CertificateDirectory;
  readonly #keptPath: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #good = new Map<string, Certificate>();
  #restored = false;
  #last: KeptCertificates = { certificates: [], problems: [] };
  #reading: Promise<KeptCertificates> = Promise.resolve(this.#last);

  /** @param options.keptDirectory for copies of what was usable last; private to this program */
  constructor(options: { directory: string; keptDirectory: string; clock: Clock; logger: Logger }) {
    this.#directory = new CertificateDirectory(options.directory);
    this.#keptPath = options.keptDirectory;
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  /** As it was read last. */
  get last(): KeptCertificates {
    return this.#last;
  }

  /** Reads the directory. A directory that cannot be listed is a problem, and all certificates stay as they are. */
  read(): Promise<KeptCertificates> {
    this.#reading = this.#reading.then(() => this.#read());
    return this.#reading;
  }

  async #read(): Promise<KeptCertificates> {
    const nowMs = this.#clock.now();
    await this.#restore();
    let files: CertificateFile[];
    try {
      files = await this.#directory.read(nowMs);
    } catch (thrown) {
      const problem = `certificate directory ${this.#directory.path}: ${messageOf(thrown)}`;
      this.#last = { certificates: [...this.#good.values()], problems: [problem] };
      return this.#last;
    }
    const certificates: Certificate[] = [];
    const problems: string[] = [];
    for (const file of files) {
      const judged = this.#judge(file, nowMs);
      if (judged.certificate !== undefined) certificates.push(judged.certificate);
      problems.push(...judged.problems.map((problem) => `certificate file ${file.name}.pem: ${problem}`));
      if (judged.isNew && judged.certificate !== undefined) await this.#keep(judged.certificate);
    }
    await this.#forgetAllBut(new Set(files.map(({ name }) => name)));
    this.#last = { certificates, problems };
    return this.#last;
  }

  #judge(
    file: CertificateFile,
    nowMs: number,
  ): { certificate: Certificate | undefined; problems: string[]; isNew: boolean } {
    const warnings = file.warning === undefined ? [] : [file.warning];
    const good = this.#good.get(file.name);
    const instead = good === undefined ? "" : "; the one before it is used";
    if ("problem" in file.parsed)
      return { certificate: good, problems: [file.parsed.problem + instead, ...warnings], isNew: false };
    const { certificate } = file.parsed;
    const problem = validityProblem(certificate, nowMs);
    if (problem === undefined)
      return { certificate, problems: warnings, isNew: good?.pem !== certificate.pem };
    const isOtherBetter = good !== undefined && validityProblem(good, nowMs) === undefined;
    return isOtherBetter
      ? { certificate: good, problems: [problem + instead, ...warnings], isNew: false }
      : { certificate, problems: [problem, ...warnings], isNew: false };
  }

  async #keep(certificate: Certificate): Promise<void> {
    this.#good.set(certificate.name, certificate);
    try {
      await writeFileAtomic(join(this.#keptPath, `${certificate.name}.pem`), certificate.pem, {
        mode: 0o600,
      });
    } catch (error) {
      // It is used all the same; only a restart while its file is broken would lose it.
      this.#logger.warn({ error, name: certificate.name }, "cannot keep a copy of a certificate");
    }
  }

  async #restore(): Promise<void> {
    if (this.#restored) return;
    this.#restored = true;
    try {
      await mkdir(this.#keptPath, { recursive: true, mode: 0o700 });
      for (const entry of await readdir(this.#keptPath)) {
        const name = /^([^.].*)\.pem$/u.exec(entry)?.[1];
        if (name === undefined) await rm(join(this.#keptPath, entry), { force: true });
        else this.#restoreOne(name, await readFile(join(this.#keptPath, entry), "utf8"));
      }
    } catch (error) {
      this.#logger.warn({ error, directory: this.#keptPath }, "cannot read the kept certificates");
    }
  }

  #restoreOne(name: string, text: string): void {
    const parsed = parseCertificate(name, text);
    if ("certificate" in parsed) this.#good.set(name, parsed.certificate);
  }

  async #forgetAllBut(names: ReadonlySet<string>): Promise<void> {
    for (const name of [...this.#good.keys()].filter((each) => !names.has(each))) {
      this.#good.delete(name);
      await rm(join(this.#keptPath, `${name}.pem`), { force: true });
    }
  }
}
