import { readFileSync } from "node:fs";
import tls from "node:tls";

/** Lets `fetch` trust the authority of a test. */
export function trust({ caFile }: { readonly caFile: string }): void {
  tls.setDefaultCACertificates([...tls.getCACertificates("default"), readFileSync(caFile, "utf8")]);
}
