import type { Readable } from "node:stream";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { ExpectedChunk, Upload } from "../blobs/upload-store.ts";
import type { RegistryParts } from "./parts.ts";

/** What is larger than all that the repository may hold is refused while it comes. Smaller blobs may be there already, and
 * are judged when they are complete. */
export async function appendUpload(
  { uploads, rules }: Pick<RegistryParts, "uploads" | "rules">,
  upload: Upload,
  source: Readable,
  expected: ExpectedChunk,
): Promise<Upload> {
  const quotaBytes = rules.quotaBytes(upload.repository);
  if (quotaBytes === undefined) return uploads.append(upload, source, expected);
  try {
    return await uploads.append(upload, source, { ...expected, maxBytes: quotaBytes });
  } catch (thrown) {
    const isTooLarge = thrown instanceof DetailedError && thrown.code === "UPLOAD_TOO_LARGE";
    if (!isTooLarge || thrown.facts["maxBytes"] !== String(quotaBytes)) throw thrown;
    throw beyondQuota(upload.repository, quotaBytes);
  }
}

function beyondQuota(repository: string, quotaBytes: number): DetailedError {
  return new DetailedError({
    code: "QUOTA_EXCEEDED",
    category: "resource-exhausted",
    attempted: "push to repository",
    subject: repository,
    found: `the blob alone is larger than its quota of ${quotaBytes} bytes`,
    remedy: "make the layer smaller, or have an administrator raise the quota",
    facts: { quotaBytes: String(quotaBytes) },
  });
}
