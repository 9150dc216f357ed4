import { mkdir, writeFile } from "node:fs/promises";
import { get } from "node:https";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { TestCertificates } from "./certificates.ts";
import { eventually } from "./eventually.ts";
import { freePort } from "./free-port.ts";

/** Debian's docker-registry over TLS, without login or with one by a file. Disposing it ends the process. */
export interface DockerRegistry extends AsyncDisposable {
  /** `localhost:port`: the first part of images' names. */
  readonly address: string;
  readonly pid: number;
}

export interface DockerRegistryOptions {
  /** For its data and configuration. */
  readonly directory: string;
  readonly certificates: Pick<TestCertificates, "certFile" | "keyFile" | "caFile">;
  /** Where it fetches what it lacks, for a mirror: an origin, and the account for it. */
  readonly mirrorOf?: { readonly url: string; readonly username: string; readonly password: string };
  /** File with who may do everything (htpasswd with bcrypt); it is read anew when it changes. Default: no login. */
  readonly passwordFile?: string;
  /** Whether manifests and blobs can be deleted. Default false. */
  readonly allowsDelete?: boolean;
}

/** Starts it and waits until it answers. */
export async function startDockerRegistry(options: DockerRegistryOptions): Promise<DockerRegistry> {
  const { directory, certificates } = options;
  const port = await freePort();
  const configuration = join(directory, "docker-registry.json");
  await mkdir(directory, { recursive: true });
  await writeFile(configuration, JSON.stringify(configurationOf(options, port)), { mode: 0o600 });
  const child = spawn("docker-registry", ["serve", configuration], {
    // It takes the authorities to trust from there.
    env: { PATH: process.env["PATH"], SSL_CERT_FILE: certificates.caFile },
    stdio: "ignore",
  });
  const exited = once(child, "exit");
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  const ca = readFileSync(certificates.caFile);
  await eventually(() => answers(`https://localhost:${port}/v2/`, ca));
  const owned = cleanup.move();
  return {
    address: `localhost:${port}`,
    pid: child.pid ?? 0,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** YAML, of which JSON is a part. */
function configurationOf(
  { directory, certificates, mirrorOf, passwordFile, allowsDelete = false }: DockerRegistryOptions,
  port: number,
): object {
  return {
    version: 0.1,
    log: { level: "error", accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: join(directory, "data") },
      delete: { enabled: allowsDelete },
      maintenance: { uploadpurging: { enabled: false } },
    },
    http: {
      addr: `127.0.0.1:${port}`,
      tls: { certificate: certificates.certFile, key: certificates.keyFile, minimumtls: "tls1.3" },
    },
    ...(passwordFile === undefined ? {} : { auth: { htpasswd: { realm: "test", path: passwordFile } } }),
    ...(mirrorOf === undefined
      ? {}
      : { proxy: { remoteurl: mirrorOf.url, username: mirrorOf.username, password: mirrorOf.password } }),
  };
}

function answers(url: string, ca: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = get(url, { ca, agent: false }, (response) => {
      response.resume();
      if (response.statusCode === 200 || response.statusCode === 401) resolve();
      else reject(new Error(`${url} answered ${response.statusCode}`));
    });
    request.on("error", reject);
  });
}
