import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, systemClock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { type ApiService, startApiServer } from "@metacircular/mcdsl/server/api-server.ts";
import { type CapturedLog, captureLog } from "@metacircular/mcdsl/test/captured-log.ts";
import { createTestCertificates } from "@metacircular/testkit/certificates.ts";
import { freePort } from "@metacircular/testkit/free-port.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { pemOf } from "../../ca/pem.ts";
import { createIntermediate } from "../../ca/authorities/create-intermediate.ts";
import { CaMount } from "../../ca/mount.ts";
import type { AuditEntry, AuditLog } from "../../audit/audit-log.ts";
import type { SealedRecords } from "../../barrier/sealed-records.ts";
import type { PolicyRequest } from "../../policy/policy-check.ts";
import { createMemoryRecords } from "../../test/memory-records.ts";
import { startAcmeServer } from "../acme-server.ts";
import { acmeConfigSchema } from "../config.ts";
import type { AcmeMounts } from "../ports.ts";
import { type AcmeSettings, acmeSettingsSchema } from "../settings.ts";
import { createAcmeStore, type AcmeStore } from "../store/acme-store.ts";
import { type NameServer, startNameServer } from "./name-server.ts";

/** An ACME server over TLS, with an authority of its own and a name server for `*.test`. */
export interface RunningAcme extends AsyncDisposable {
  /** A private directory, removed at the end. */
  readonly directory: string;
  /** `https://localhost:<port>` */
  readonly origin: string;
  readonly directoryUrl: string;
  /** Certificate of the authority that issued the server's own certificate. */
  readonly caFile: string;
  /** Certificate of the authority that issues. */
  readonly rootFile: string;
  readonly httpPort: number;
  readonly tlsPort: number;
  readonly names: NameServer;
  /** Files with TXT records: see `NameServer.texts`. */
  readonly recordsDirectory: string;
  readonly store: AcmeStore;
  readonly authority: CaMount;
  readonly audit: readonly AuditEntry[];
  readonly log: CapturedLog;
  /** While true every access to records fails as in a sealed service. */
  seal(sealed: boolean): void;
}

export interface RunningOptions {
  readonly settings?: Partial<AcmeSettings>;
  readonly config?: Record<string, unknown>;
  readonly clock?: Clock;
  /** Throws where something is refused. Default: everything is allowed. */
  /** The root issues itself. Default: an authority below it. */
  readonly rootIssues?: boolean;
  readonly policy?: (request: PolicyRequest) => void;
  readonly services?: (parts: { mounts: AcmeMounts; audit: AuditLog; clock: Clock }) => ApiService[];
}

export async function startAcme(options: RunningOptions = {}): Promise<RunningAcme> {
  const clock = options.clock ?? systemClock;
  await using stack = new AsyncDisposableStack();
  const temporary = stack.use(await createTemporaryDirectory());
  const recordsDirectory = join(temporary.path, "dns");
  await mkdir(recordsDirectory);
  const names = stack.use(await startNameServer(recordsDirectory));
  const [httpPort, tlsPort] = [await freePort(), await freePort()];
  const tls = await createTestCertificates(join(temporary.path, "tls"));
  const log = captureLog();
  const audit: AuditEntry[] = [];
  const records = createMemoryRecords();
  const auditLog = recordingAudit(audit, records);
  const authority = await openAuthority(
    { records: records.under("ca"), audit: auditLog, clock, log },
    options,
  );
  let sealed = false;
  const mounts: AcmeMounts = {
    find(name) {
      if (sealed) throw sealedError();
      return name === "pki" ? { name: "pki", issuer: authority, records: records.under("acme") } : undefined;
    },
    names() {
      if (sealed) throw sealedError();
      return ["pki"];
    },
  };
  const store = createAcmeStore(records.under("acme"));
  store.saveSettings(acmeSettingsSchema.parse({ externalAccountRequired: false, ...options.settings }));
  const acme = stack.use(
    startAcmeServer({
      mounts,
      policy: { check: options.policy ?? (() => undefined) },
      audit: auditLog,
      clock,
      logger: log.logger,
      externalUrl: "",
      config: acmeConfigSchema.parse({
        resolver: names.address,
        http_port: httpPort,
        tls_port: tlsPort,
        validation_pause: "50ms",
        ...options.config,
      }),
    }),
  );
  const server = stack.use(
    await startApiServer({
      rest: { host: "127.0.0.1", port: 0 },
      tls,
      services: options.services?.({ mounts, audit: auditLog, clock }) ?? [],
      authenticator: { verify: () => Promise.reject(new Error("nobody has a token here")) },
      handler: acme.handler,
      logger: log.logger,
      clock,
    }),
  );
  const rootFile = join(temporary.path, "root.pem");
  await writeFile(rootFile, pemOf("CERTIFICATE", authority.authorities.get("root").certificate.encoded));
  const origin = `https://localhost:${server.rest.port}`;
  const owned = stack.move();
  return {
    directory: temporary.path,
    origin,
    directoryUrl: `${origin}/acme/pki/directory`,
    caFile: tls.caFile,
    rootFile,
    httpPort,
    tlsPort,
    names,
    recordsDirectory,
    store,
    authority,
    audit,
    log,
    seal: (now) => {
      sealed = now;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function openAuthority(
  parts: { records: SealedRecords; audit: AuditLog; clock: Clock; log: CapturedLog },
  { rootIssues = false }: RunningOptions,
): Promise<CaMount> {
  const { records, audit, clock, log } = parts;
  const mount = await CaMount.open({
    mount: "pki",
    records,
    audit,
    clock,
    logger: log.logger,
    policy: { check: () => undefined },
    settings: { externalUrl: "https://metacrypt.test" },
  });
  const wish = (name: string) => ({
    name,
    subject: { commonName: `ACME test ${name}` },
    keyType: "ecdsa-p256" as const,
  });
  await mount.desk.createRoot(wish("root"), "test");
  if (rootIssues) return mount;
  const issuer = { mount, id: "root" };
  const issuing = await createIntermediate({ mount, wish: wish("issuing"), issuer }, "test");
  mount.desk.change(issuing.id, { makeDefault: true }, "test");
  return mount;
}

function recordingAudit(entries: AuditEntry[], records: SealedRecords): AuditLog {
  return {
    change(entry, work) {
      const result = records.transaction(work);
      entries.push(typeof entry === "function" ? entry(result) : entry);
      return result;
    },
    record: (entry) => void entries.push(entry),
  };
}

function sealedError(): DetailedError {
  return new DetailedError({ code: "SEALED", category: "unavailable", attempted: "read", found: "sealed" });
}

/** A directory below the server's own, for a client. */
export async function clientDirectory(acme: RunningAcme, name: string): Promise<string> {
  const path = join(acme.directory, name);
  await mkdir(path, { recursive: true, mode: 0o700 });
  return path;
}
