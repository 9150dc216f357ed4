import { readFileSync } from "node:fs";
import type { Clock } from "../clock.ts";
import { type ServerTlsOptions, serverTlsOptions } from "./options.ts";

/**
 * Returns a function to call now and then: it passes a certificate that has been renewed on disk
 * to `use`. It throws, and tries again at the next call, while the files don't fit together, as
 * between the writing of one and the other.
 */
export function createCertificateReloader(parts: {
  files: { certFile: string; keyFile: string };
  clock: Clock;
  use: (tls: ServerTlsOptions) => void;
}): () => void {
  const { files, clock, use } = parts;
  const read = (): string => readFileSync(files.certFile, "utf8");
  let used = read();
  return () => {
    const found = read();
    if (found === used) return;
    use(serverTlsOptions(files, clock));
    used = found;
  };
}
