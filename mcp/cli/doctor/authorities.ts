import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";

import { messageOf } from "@metacircular/mcdsl/errors.ts";
import { judgeExpiry } from "@metacircular/mcp-core/doctor/certificate-expiry.ts";
import { fine, type Judgement, problem } from "@metacircular/mcp-core/doctor/finding.ts";

import type { CliConfig } from "../config/load.ts";

/** The files with the authorities that are trusted. */
export async function examineAuthorities(config: CliConfig, nowMs: number): Promise<Judgement[]> {
  const files = new Set([config.identity.caFile, config.agentCaFile].filter((file) => file !== undefined));
  if (files.size === 0) return [fine("authorities", "the well-known ones are trusted")];
  const judged = await Promise.all(
    [...files].map(async (file) => judgeAuthorities(file, await read(file), nowMs)),
  );
  return judged.flat();
}

async function read(file: string): Promise<string | Error> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    return new Error(messageOf(error));
  }
}

/** @param text of the file, or why it cannot be read */
export function judgeAuthorities(file: string, text: string | Error, nowMs: number): Judgement[] {
  const remedy = "correct ca_cert in [tls] and [mcias], or put the authority's certificate there";
  if (text instanceof Error) return [problem(file, `it cannot be read: ${messageOf(text)}`, remedy)];
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) return [problem(file, "it holds no certificate in PEM form", remedy)];
  try {
    return blocks.map((pem) => {
      const { subject, validFromDate, validToDate } = new X509Certificate(pem);
      const validity = { validFromMs: validFromDate.getTime(), validToMs: validToDate.getTime(), nowMs };
      return judgeExpiry(
        `${file} (${subject.replaceAll("\n", ", ")})`,
        validity,
        `put the authority's new certificate into ${file}`,
      );
    });
  } catch (error) {
    return [problem(file, `it holds a broken certificate: ${messageOf(error)}`, remedy)];
  }
}
