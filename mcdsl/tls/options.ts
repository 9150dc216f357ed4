import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { rootCertificates, type SecureVersion } from "node:tls";
import { type Clock, systemClock } from "../clock.ts";
import { DetailedError } from "../errors.ts";
import { systemCodeOf } from "../system-code.ts";

export interface ServerTlsOptions {
  readonly cert: string;
  readonly key: string;
  readonly minVersion: SecureVersion;
}

export interface ClientTlsOptions {
  readonly ca: string[];
  readonly minVersion: SecureVersion;
}

const minVersion = "TLSv1.3";

/** Options of a TLS server from PEM files: the certificate followed by its intermediates, and its key.
 * @throws DetailedError TLS_FILE_UNREADABLE, TLS_CERTIFICATE_INVALID, TLS_KEY_INVALID, TLS_KEY_MISMATCH,
 * TLS_CERTIFICATE_EXPIRED */
export function serverTlsOptions(
  files: { certFile: string; keyFile: string },
  clock: Clock = systemClock,
): ServerTlsOptions {
  const cert = read(files.certFile);
  const key = read(files.keyFile);
  const certificate = parseCertificate(files.certFile, cert);
  if (!certificate.checkPrivateKey(parseKey(files.keyFile, key))) {
    throw failure("TLS_KEY_MISMATCH", files.keyFile, `it is not the key of ${files.certFile}`);
  }
  if (certificate.validToDate.getTime() <= clock.now()) {
    const found = `it expired at ${certificate.validToDate.toISOString()}`;
    throw failure("TLS_CERTIFICATE_EXPIRED", files.certFile, found, "renew the certificate");
  }
  return { cert, key, minVersion };
}

/** Options of a TLS client. With `caFile` exactly the certificates in it are trusted, else the well-known ones.
 * @throws DetailedError TLS_FILE_UNREADABLE, TLS_CERTIFICATE_INVALID */
export function clientTlsOptions(options: { caFile?: string | undefined }): ClientTlsOptions {
  if (options.caFile === undefined) return { ca: [...rootCertificates], minVersion };
  const ca = read(options.caFile);
  parseCertificate(options.caFile, ca);
  return { ca: [ca], minVersion };
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const missing = systemCodeOf(cause) === "ENOENT";
    const found = missing ? "there is no such file" : "it cannot be read";
    const remedy = missing ? "create it or correct its path" : "check its permissions";
    throw failure("TLS_FILE_UNREADABLE", file, found, remedy, cause);
  }
}

function parseCertificate(file: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw failure("TLS_CERTIFICATE_INVALID", file, "it holds no PEM certificate", undefined, cause);
  }
}

function parseKey(file: string, pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw failure(
      "TLS_KEY_INVALID",
      file,
      "it holds no PEM private key without a passphrase",
      undefined,
      cause,
    );
  }
}

function failure(
  code: string,
  subject: string,
  found: string,
  remedy = "put a matching certificate and key in place",
  cause?: unknown,
): DetailedError {
  const details = { code, category: "failed-precondition", attempted: "set up TLS with" } as const;
  return new DetailedError({ ...details, subject, found, remedy, cause });
}
