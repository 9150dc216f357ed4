import { S3ServiceException } from "@aws-sdk/client-s3";
import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import { hasCode, storageFull } from "./storage-errors.ts";

/** What an answer of the store says to an operator, by the names that S3 gives to errors. */
const explanations: Readonly<Record<string, { found: string; remedy: string }>> = {
  NoSuchBucket: {
    found: "the store has no such bucket",
    remedy: "make the bucket, or correct [storage.s3] bucket, region and path_style",
  },
  InvalidAccessKeyId: {
    found: "the store does not know the access key",
    remedy: "correct the file of [storage.s3] access_key_id_path",
  },
  SignatureDoesNotMatch: {
    found: "the store does not accept the secret of the access key",
    remedy: "correct the file of [storage.s3] secret_access_key_path",
  },
  AccessDenied: {
    found: "the access key may not do this",
    remedy: "let the key read, write, list and delete in the bucket",
  },
  RequestTimeTooSkewed: {
    found: "the clocks of this machine and of the store differ",
    remedy: "set the clock of this machine, for example with systemd-timesyncd",
  },
  PermanentRedirect: {
    found: "the bucket is in another region",
    remedy: "correct [storage.s3] region and endpoint",
  },
  AuthorizationHeaderMalformed: {
    found: "the store expects another region",
    remedy: "correct [storage.s3] region",
  },
};

const fullNames = new Set(["QuotaExceeded", "InsufficientStorage", "XMinioStorageFull", "EntityTooLarge"]);

/** Whether the store says that there is no such object. */
export function isMissing(thrown: unknown): boolean {
  return thrown instanceof S3ServiceException && (thrown.name === "NoSuchKey" || thrown.name === "NotFound");
}

/** What a failed request means for a caller. An abort and what is explained already stay as they are. */
export function s3Failure(attempted: string, bucket: string, thrown: unknown, signal?: AbortSignal): unknown {
  if (signal?.aborted === true) return signal.reason;
  if (thrown instanceof DetailedError) return thrown;
  if (isFull(thrown)) return storageFull(attempted, messageOf(thrown), thrown);
  const { found, remedy } = explain(thrown);
  return new DetailedError({
    code: "BLOB_STORE_UNAVAILABLE",
    category: "unavailable",
    attempted,
    subject: `bucket ${bucket}`,
    found,
    remedy,
    cause: thrown,
  });
}

function isFull(thrown: unknown): boolean {
  if (!(thrown instanceof S3ServiceException)) return false;
  return thrown.$metadata.httpStatusCode === 507 || fullNames.has(thrown.name);
}

function explain(thrown: unknown): { found: string; remedy: string } {
  if (thrown instanceof S3ServiceException) {
    const known = explanations[thrown.name];
    if (known !== undefined) return known;
    const status = thrown.$metadata.httpStatusCode ?? 0;
    return {
      found: `the store answered ${status} ${thrown.name}: ${thrown.message}`,
      remedy: "look into the log of the store, then try again",
    };
  }
  if (isUntrusted(thrown)) {
    return {
      found: `its certificate is not trusted: ${messageOf(thrown)}`,
      remedy: "name its authority in [storage.s3] ca_cert",
    };
  }
  return {
    found: `the store cannot be reached: ${messageOf(thrown)}`,
    remedy: "see that the store runs, and correct [storage.s3] endpoint",
  };
}

function isUntrusted(thrown: unknown): boolean {
  return hasCode(
    thrown,
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "SELF_SIGNED_CERT_IN_CHAIN",
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
    "ERR_TLS_CERT_ALTNAME_INVALID",
    "CERT_HAS_EXPIRED",
  );
}
