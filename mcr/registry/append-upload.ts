import type { Readable } from "node:stream";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { ExpectedChunk, Upload } from "../blobs/upload-store.ts";
import type { RegistryParts } from "./parts.ts";

/** What is larger than all that the repository may hold is refused while it comes, be it one blob or all that is on its way.
 * Smaller blobs may be there already, and are judged when they are complete. */
export async function appendUpload(
  { uploads, rules }: Pick<RegistryParts, "uploads" | "rules">,
  upload: Upload,
  source: Readable,
  expected: ExpectedChunk,
): Promise<Upload> {
  const quotaBytes = rules.quotaBytes(upload.repository);
  if (quotaBytes === undefined) return uploads.append(upload, source, expected);
  try {
    const bounds = { maxBytes: quotaBytes, maxRepositoryBytes: quotaBytes };
    return await uploads.append(upload, source, { ...expected, ...bounds });
  } catch (thrown) {
    if (!(thrown instanceof DetailedError) || thrown.facts["maxBytes"] !== String(quotaBytes)) throw thrown;
    const what = tooLarge[thrown.code];
    if (what === undefined) throw thrown;
    throw beyondQuota(upload.repository, what, quotaBytes);
  }
}

const tooLarge: Readonly<Record<string, string>> = {
  UPLOAD_TOO_LARGE: "the blob alone is",
  NO_ROOM_FOR_UPLOADS: "its uploads in progress are together",
};

function beyondQuota(repository: string, what: string, quotaBytes: number): DetailedError {
  return new DetailedError({
    code: "QUOTA_EXCEEDED",
    category: "resource-exhausted",
    attempted: "push to repository",
    subject: repository,
    found: `${what} larger than its quota of ${quotaBytes} bytes`,
    remedy: "make the layers smaller or push fewer at once, or have an administrator raise the quota",
    facts: { quotaBytes: String(quotaBytes) },
  });
}
