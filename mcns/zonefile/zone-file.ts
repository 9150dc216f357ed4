import type { Name } from "../wire/name.ts";

/** A record of a zone file. */
export interface FileRecord {
  readonly name: Name;
  readonly type: number;
  /** Seconds; null: the file's default. */
  readonly ttl: number | null;
  /** In canonical wire form. */
  readonly data: Uint8Array;
}

/** What the SOA record of a zone file says. Times are in seconds. */
export interface FileAuthority {
  readonly primary: Name;
  readonly contact: Name;
  readonly serial: number;
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  readonly negativeTtl: number;
}

export interface ZoneFile {
  readonly authority: FileAuthority | undefined;
  /** Seconds; undefined: the file has no $TTL. */
  readonly defaultTtl: number | undefined;
  readonly records: readonly FileRecord[];
}

/** What is wrong in a zone file, and where; lines and columns count from 1. */
export interface FileProblem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** What to do; may be empty. */
  readonly hint: string;
}
