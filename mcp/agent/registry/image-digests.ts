import type { Database } from "@metacircular/mcdsl/database/open.ts";

/** Table `image_digests`: by which digests images were deployed, and which ones a registry has of them, which the runtime
 * may not know. */
export interface ImageDigestTable {
  /** @param imageId without `sha256:` @param repository `registry/repository` */
  of(imageId: string, repository: string): string[];
  /** Ids of the images that were known by this digest, the latest first. */
  imagesOf(repository: string, digest: string): string[];
  record(imageId: string, repository: string, digest: string): void;
}

/** The oldest go. */
const mostKept = 10_000;

export function createImageDigestTable({ sql }: Database): ImageDigestTable {
  const of = sql.prepare(
    "SELECT digest FROM image_digests WHERE image_id = ? AND repository = ? ORDER BY number",
  );
  const imagesOf = sql.prepare(
    "SELECT image_id FROM image_digests WHERE repository = ? AND digest = ? ORDER BY number DESC",
  );
  const insert = sql.prepare(
    "INSERT OR IGNORE INTO image_digests (image_id, repository, digest) VALUES (?, ?, ?)",
  );
  const prune = sql.prepare(
    "DELETE FROM image_digests WHERE number <= (SELECT max(number) FROM image_digests) - ?",
  );
  return {
    of: (imageId, repository) => of.all(imageId, repository).map((row) => String(row["digest"])),
    imagesOf: (repository, digest) => imagesOf.all(repository, digest).map((row) => String(row["image_id"])),
    record(imageId, repository, digest) {
      insert.run(imageId, repository, digest);
      prune.run(mostKept);
    },
  };
}
