import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Certificates extends Disposable {
  readonly directory: string;
  readonly caFile: string;
  /** For `localhost` and `127.0.0.1`. */
  readonly certFile: string;
  readonly keyFile: string;
}

/** A throw-away authority and a server certificate from it, made with openssl. */
export function makeCertificates(options: { names?: string; days?: string } = {}): Certificates {
  const directory = mkdtempSync(join(tmpdir(), "mcdsl-tls-"));
  const path = (name: string): string => join(directory, name);
  const openssl = (...parameters: string[]): Buffer =>
    execFileSync("openssl", parameters, { cwd: directory, stdio: "pipe" });
  const { names = "DNS:localhost,IP:127.0.0.1", days = "30" } = options;
  const ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  openssl(
    "req",
    "-x509",
    ...ec,
    "-keyout",
    "ca.key",
    "-out",
    "ca.pem",
    "-days",
    "60",
    "-subj",
    "/CN=Test CA",
  );
  const san = ["-addext", `subjectAltName=${names}`];
  openssl("req", ...ec, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=server", ...san);
  const issuer = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-copy_extensions", "copyall"];
  openssl("x509", "-req", "-in", "server.csr", ...issuer, "-days", days, "-out", "server.pem");
  return {
    directory,
    caFile: path("ca.pem"),
    certFile: path("server.pem"),
    keyFile: path("server.key"),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}
