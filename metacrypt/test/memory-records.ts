import type { SealedRecords } from "../barrier/sealed-records.ts";

/** Records in memory, for tests of what is built on them. Transactions are undone as those of the database are. */
export function createMemoryRecords(): SealedRecords {
  let stored = new Map<string, Uint8Array>();

  function transaction<T>(work: () => T): T {
    const before = new Map(stored);
    try {
      const result = work();
      if (result instanceof Promise) throw new TypeError("a transaction's body must be synchronous");
      return result;
    } catch (thrown) {
      stored = before;
      throw thrown;
    }
  }

  function below(root: string): SealedRecords {
    return {
      get: (path) => stored.get(root + path)?.slice(),
      put: (path, value) => void stored.set(root + path, value.slice()),
      delete: (path) => stored.delete(root + path),
      list: (prefix, { after, limit = 1000 } = {}) =>
        [...stored.keys()]
          .filter((path) => path.startsWith(root + prefix))
          .map((path) => path.slice(root.length))
          .toSorted()
          .filter((path) => after === undefined || path > after)
          .slice(0, limit),
      transaction,
      under: (prefix) => below(`${root}${prefix.replace(/\/$/u, "")}/`),
    };
  }
  return below("");
}
