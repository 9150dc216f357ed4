import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { join } from "node:path";
import type { TestCertificates } from "./certificates.ts";
import { eventually } from "./eventually.ts";
import { freePort } from "./free-port.ts";

/** Let's Encrypt's small ACME server for tests, in a process of its own. */
export interface TestPebble extends AsyncDisposable {
  readonly directoryUrl: string;
  /** Its roots, of which it makes a new one at each start, in PEM. */
  readonly roots: readonly string[];
  stop(): Promise<void>;
  /** Under the same address. */
  start(): Promise<void>;
}

/** @param options.dnsPort of the name server at 127.0.0.1 that it looks challenges up at
 * @param options.httpPort where it looks for http-01 answers */
export async function createTestPebble(
  directory: string,
  options: {
    certificates: TestCertificates;
    dnsPort: number;
    httpPort?: number;
    /** Pairs of key id and base64url key of external accounts; default: none are needed. */
    externalAccounts?: Readonly<Record<string, string>>;
  },
): Promise<TestPebble> {
  await mkdir(directory, { recursive: true });
  const [port, managementPort] = [await freePort(), await freePort()];
  const { certFile, keyFile } = options.certificates;
  const file = join(directory, "pebble.json");
  const pebble = {
    listenAddress: `127.0.0.1:${port}`,
    managementListenAddress: `127.0.0.1:${managementPort}`,
    certificate: certFile,
    privateKey: keyFile,
    httpPort: options.httpPort ?? 0,
    tlsPort: 0,
    ocspResponderURL: "",
    externalAccountBindingRequired: options.externalAccounts !== undefined,
    externalAccountMACKeys: options.externalAccounts ?? {},
  };
  await writeFile(file, JSON.stringify({ pebble }));
  const roots: string[] = [];
  let child: ReturnType<typeof spawn> | undefined;
  const directoryUrl = `https://localhost:${port}/dir`;

  async function start(): Promise<void> {
    child = spawn("pebble", ["-config", file, "-dnsserver", `127.0.0.1:${options.dnsPort}`], {
      env: { PATH: process.env["PATH"], PEBBLE_VA_NOSLEEP: "1", PEBBLE_WFE_NONCEREJECT: "20" },
      stdio: "ignore",
    });
    await eventually(async () => void (await read(directoryUrl)));
    roots.push(await read(`https://localhost:${managementPort}/roots/0`));
  }

  async function stop(): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  await start();
  return {
    directoryUrl,
    roots,
    start,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Its own certificate is nothing that these tests are about. */
function read(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { rejectUnauthorized: false, timeout: 30_000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => resolve(Buffer.concat(chunks).toString()));
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}
