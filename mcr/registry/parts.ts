import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { BlobStore } from "../blobs/blob-store.ts";
import type { UploadStore } from "../blobs/upload-store.ts";
import type { Metadata, MissingContent } from "../metadata/metadata.ts";
import type { RepositoryRules } from "../policy/tag-rules.ts";

/** What a registry consists of. */
export interface RegistryParts {
  readonly metadata: Metadata;
  readonly blobs: BlobStore;
  readonly uploads: UploadStore;
  readonly rules: RepositoryRules;
  readonly clock: Clock;
  /** What manifests may point to that their repository lacks. Default: nothing. */
  readonly mayLack?: MissingContent;
}
