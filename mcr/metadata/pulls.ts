import type { Sql } from "@metacircular/mcdsl/sql/sql.ts";
import type { Pull } from "./metadata.ts";
import { findRepository } from "./repositories.ts";

interface Seen {
  readonly count: number;
  readonly lastAtMs: number;
}

/** Notes when manifests, tags and repositories were pulled last, with one change of each row however many there were. */
export async function recordPulls(sql: Sql, pulls: readonly Pull[]): Promise<void> {
  for (const [name, ofRepository] of Map.groupBy(pulls, ({ repository }) => repository)) {
    const repository = await findRepository(sql, name);
    if (repository === undefined) continue;
    await sql.execute(
      `UPDATE repository SET last_pull_at_ms = CASE WHEN last_pull_at_ms < $2 THEN $2 ELSE last_pull_at_ms END
       WHERE id = $1`,
      [repository.id, seen(ofRepository).lastAtMs],
    );
    for (const [digest, ofManifest] of Map.groupBy(ofRepository, (pull) => pull.digest)) {
      const { count, lastAtMs } = seen(ofManifest);
      await sql.execute(
        `UPDATE manifest SET pulls = pulls + $4,
           last_pull_at_ms = CASE WHEN last_pull_at_ms < $3 THEN $3 ELSE last_pull_at_ms END
         WHERE repository_id = $1 AND digest = $2`,
        [repository.id, digest, lastAtMs, count],
      );
    }
    for (const [tag, ofTag] of Map.groupBy(ofRepository, (pull) => pull.tag)) {
      if (tag === undefined) continue;
      await sql.execute(
        `UPDATE tag SET last_pull_at_ms = CASE WHEN last_pull_at_ms < $3 THEN $3 ELSE last_pull_at_ms END
         WHERE repository_id = $1 AND name = $2`,
        [repository.id, tag, seen(ofTag).lastAtMs],
      );
    }
  }
}

function seen(pulls: readonly Pull[]): Seen {
  return {
    count: pulls.length,
    lastAtMs: pulls.reduce((latest, { atMs }) => Math.max(latest, atMs), 0),
  };
}
