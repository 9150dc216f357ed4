import type { SealedRecords } from "../../barrier/sealed-records.ts";

/** Values of one kind, as JSON, by id. */
export interface Collection<T> {
  get(id: string): T | undefined;
  put(id: string, value: T): void;
  delete(id: string): boolean;
  /** Sorted; those after `after`, at most `limit` (default 1,000). */
  ids(options?: { readonly after?: string; readonly limit?: number }): string[];
  /** All there are, in the order of their ids. */
  values(): Generator<T>;
}

const pageSize = 500;

export function collection<T>(records: SealedRecords, folder: string): Collection<T> {
  const path = (id: string): string => `${folder}/${id}`;

  function get(id: string): T | undefined {
    const stored = records.get(path(id));
    return stored === undefined ? undefined : (JSON.parse(Buffer.from(stored).toString("utf8")) as T);
  }

  function ids(options: { readonly after?: string; readonly limit?: number } = {}): string[] {
    return records
      .list(path(""), { ...options, ...(options.after === undefined ? {} : { after: path(options.after) }) })
      .map((found) => found.slice(folder.length + 1));
  }

  return {
    get,
    put: (id, value) => records.put(path(id), Buffer.from(JSON.stringify(value))),
    delete: (id) => records.delete(path(id)),
    ids,
    *values() {
      for (let page = ids({ limit: pageSize }); page.length > 0;) {
        for (const id of page) {
          const value = get(id);
          if (value !== undefined) yield value;
        }
        page = ids({ after: page.at(-1) ?? "", limit: pageSize });
      }
    },
  };
}
