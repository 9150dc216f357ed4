import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { messageOf } from "@metacircular/mcdsl/errors.ts";
import { judgeExpiry } from "@metacircular/mcp-core/doctor/certificate-expiry.ts";
import { fine, type Judgement, problem } from "@metacircular/mcp-core/doctor/finding.ts";
import type { Check } from "./check.ts";

const remedy =
  "put a new certificate and its key in place, then restart the agent if it goes on with the old one";

/** The certificate and key in the agent's files. What the agent presents now is seen by who connects to it. */
export const certificateCheck: Check = {
  name: "certificate",
  async run({ files, clock }) {
    const { certificate, key } = files;
    const [certificatePem, keyPem] = await Promise.all([read(certificate), read(key)]);
    return judgeCertificate({ certificate, key, certificatePem, keyPem, nowMs: clock.now() });
  },
};

/** @param files.certificatePem the text of the file, or why it cannot be read */
export function judgeCertificate(files: {
  readonly certificate: string;
  readonly key: string;
  readonly certificatePem: string | Error;
  readonly keyPem: string | Error;
  readonly nowMs: number;
}): Judgement[] {
  const parsed = attempt(files.certificatePem, (pem) => new X509Certificate(pem));
  const key = attempt(files.keyPem, (pem) => createPrivateKey(pem));
  if (parsed instanceof Error) return [unusable(files.certificate, parsed)];
  const expiry = judgeExpiry(
    files.certificate,
    {
      validFromMs: parsed.validFromDate.getTime(),
      validToMs: parsed.validToDate.getTime(),
      nowMs: files.nowMs,
    },
    remedy,
  );
  if (key instanceof Error) return [expiry, unusable(files.key, key)];
  if (parsed.checkPrivateKey(key)) return [expiry, fine(files.key, "it is the key of the certificate")];
  return [expiry, problem(files.key, `it is not the key of ${files.certificate}`, remedy)];
}

function unusable(file: string, error: Error): Judgement {
  return problem(file, `it cannot be used: ${messageOf(error)}`, remedy);
}

function attempt<Result>(pem: string | Error, parse: (pem: string) => Result): Result | Error {
  if (pem instanceof Error) return pem;
  try {
    return parse(pem);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

async function read(file: string): Promise<string | Error> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    return new Error(messageOf(error));
  }
}
