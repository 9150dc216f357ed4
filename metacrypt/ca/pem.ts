import { DetailedError } from "@metacircular/mcdsl/errors.ts";

/** PEM (RFC 7468) with a final newline. */
export function pemOf(label: string, encoded: Uint8Array): string {
  const lines =
    Buffer.from(encoded)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

/** The contents of all PEM blocks with one of these labels, in order. */
export function pemBlocks(text: string, ...labels: readonly string[]): Buffer[] {
  const blocks = text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]*)-----END \1-----/g);
  return [...blocks]
    .filter(([, label]) => labels.includes(label ?? ""))
    .map(([, , base64 = ""]) => Buffer.from(base64, "base64"));
}

/** The content of the only PEM block with one of these labels.
 * @param attempted for the error, e.g. `read the signing request`
 * @throws DetailedError `PEM_INVALID` */
export function pemBlock(text: string, attempted: string, ...labels: readonly string[]): Buffer {
  const [block, ...others] = pemBlocks(text, ...labels);
  if (block !== undefined && others.length === 0) return block;
  throw new DetailedError({
    code: "PEM_INVALID",
    category: "invalid-argument",
    attempted,
    found: `${block === undefined ? "no" : "more than one"} PEM block ${labels.join(" or ")}`,
    remedy: `send one -----BEGIN ${labels[0]}-----`,
  });
}
