import type { Database } from "@metacircular/mcdsl/database/open.ts";

/** Table `image_digests`: which digests a registry has of an image, as far as the runtime does not know it. */
export interface ImageDigestTable {
  /** @param imageId without `sha256:` @param repository `registry/repository` */
  of(imageId: string, repository: string): string[];
  record(imageId: string, repository: string, digest: string): void;
}

/** The oldest go. */
const mostKept = 10_000;

export function createImageDigestTable({ sql }: Database): ImageDigestTable {
  const of = sql.prepare(
    "SELECT digest FROM image_digests WHERE image_id = ? AND repository = ? ORDER BY number",
  );
  const insert = sql.prepare(
    "INSERT OR IGNORE INTO image_digests (image_id, repository, digest) VALUES (?, ?, ?)",
  );
  const prune = sql.prepare(
    "DELETE FROM image_digests WHERE number <= (SELECT max(number) FROM image_digests) - ?",
  );
  return {
    of: (imageId, repository) => of.all(imageId, repository).map((row) => String(row["digest"])),
    record(imageId, repository, digest) {
      insert.run(imageId, repository, digest);
      prune.run(mostKept);
    },
  };
}
