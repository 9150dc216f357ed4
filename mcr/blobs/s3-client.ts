import { readFile, stat } from "node:fs/promises";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { S3Client } from "@aws-sdk/client-s3";
import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import { NodeHttpHandler } from "@smithy/node-http-handler";

const connectTimeoutMs = 5_000;
/** A store that says nothing for so long is taken for dead. */
const silenceTimeoutMs = 60_000;
/** With a growing, random pause between them; together some seconds. */
const attempts = 5;
/** A pull holds one as long as its client takes. */
const maxSockets = 1_024;

/** Any store that speaks the interface of Amazon S3. */
export interface S3Settings {
  /** Origin, e.g. `https://s3.example.net`. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** Begins the name of every object; empty: nothing does. No two registries may share it. */
  readonly prefix: string;
  /** The bucket in the path, as most servers but Amazon's want it, instead of in the name of the host. */
  readonly pathStyle: boolean;
  /** Files that nobody else may read. */
  readonly accessKeyIdFile: string;
  readonly secretAccessKeyFile: string;
  /** Authorities to trust for its certificate; undefined: those of Node.js. */
  readonly caFile: string | undefined;
}

/** @throws DetailedError S3_SETTINGS_UNUSABLE */
export async function createS3Client(settings: S3Settings): Promise<S3Client> {
  const accessKeyId = await readSecret(settings.accessKeyIdFile);
  const secretAccessKey = await readSecret(settings.secretAccessKeyFile);
  const ca = settings.caFile === undefined ? undefined : await readText(settings.caFile);
  const sockets = { keepAlive: true, maxSockets };
  return new S3Client({
    endpoint: settings.endpoint,
    region: settings.region,
    forcePathStyle: settings.pathStyle,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: attempts,
    // Every request has the SHA-256 of its body in its signature; other checksums are unknown to older servers.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    requestHandler: new NodeHttpHandler({
      connectionTimeout: connectTimeoutMs,
      socketTimeout: silenceTimeoutMs,
      httpAgent: new HttpAgent(sockets),
      httpsAgent: new HttpsAgent({ ...sockets, minVersion: "TLSv1.2", ...(ca === undefined ? {} : { ca }) }),
    }),
  });
}

/** How a request is cancelled. */
export function until(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}

async function readSecret(file: string): Promise<string> {
  const text = (await readText(file)).trim();
  if (text === "") throw unusable(file, "it is empty");
  if (((await stat(file)).mode & 0o077) !== 0) {
    throw unusable(file, "others than its owner may use it; make it private with chmod 600");
  }
  return text;
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (thrown) {
    throw unusable(file, messageOf(thrown), thrown);
  }
}

function unusable(file: string, found: string, cause?: unknown): DetailedError {
  return new DetailedError({
    code: "S3_SETTINGS_UNUSABLE",
    category: "failed-precondition",
    attempted: "read a file of the settings of the S3 store",
    subject: file,
    found,
    remedy: "correct the file, or its path in [storage.s3] of the configuration",
    cause,
  });
}
