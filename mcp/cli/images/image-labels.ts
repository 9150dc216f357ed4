import type { SourceRevision } from "./source-revision.ts";

/** What an image says of itself, by the annotation keys of the OCI image specification 1.1.
 * @param createdS seconds since the epoch
 * @param revision undefined: git does not keep the source */
export function imageLabels(
  tag: string,
  createdS: number,
  revision: SourceRevision | undefined,
): Record<string, string> {
  const source = publicUrl(revision?.origin ?? "");
  return {
    "org.opencontainers.image.version": tag,
    "org.opencontainers.image.created": new Date(createdS * 1000).toISOString(),
    ...(revision === undefined ? {} : { "org.opencontainers.image.revision": revisionText(revision) }),
    ...(source === undefined ? {} : { "org.opencontainers.image.source": source }),
  };
}

/** The commit; marked where the files are not as they were committed. */
export function revisionText({ commit, changed }: SourceRevision): string {
  return changed.length === 0 ? commit : `${commit}-dirty`;
}

/** When the image counts as made: what SOURCE_DATE_EPOCH says, else the commit's time, so that the same commit makes
 * the same image; now, where the source is in no commit. See https://reproducible-builds.org/specs/source-date-epoch/ */
export function creationTimeS(about: {
  sourceDateEpochS: number | undefined;
  revision: SourceRevision | undefined;
  nowMs: number;
}): number {
  const { sourceDateEpochS, revision, nowMs } = about;
  const committedAtS = revision?.changed.length === 0 ? revision.committedAtS : undefined;
  return sourceDateEpochS ?? committedAtS ?? Math.floor(nowMs / 1000);
}

/** SOURCE_DATE_EPOCH; undefined where it is not set, or no time. */
export function sourceDateEpoch(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : undefined;
}

/** Where a source can be found, without user, password and query; undefined: it is on this machine, or not known. */
export function publicUrl(origin: string): string | undefined {
  const secureShell = /^(?:[^@/\s]+@)?([A-Za-z0-9.-]+):(?!\/\/)(\S+)$/.exec(origin);
  if (secureShell !== null) return `ssh://${secureShell[1]}/${secureShell[2]?.replace(/^\/+/, "")}`;
  const url = URL.parse(origin);
  if (url === null || !["https:", "http:", "ssh:", "git:"].includes(url.protocol)) return undefined;
  return `${url.protocol}//${url.host}${url.pathname}`;
}
