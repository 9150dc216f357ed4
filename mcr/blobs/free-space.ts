import { statfs } from "node:fs/promises";
import { storageFailure, storageFull } from "./storage-errors.ts";

/** So much is written between two looks at the disk. */
const stepBytes = 8 * 1024 * 1024;

/** Keeps a part of a disk free for what else lives on it, such as the database of the registry. */
export interface FreeSpace {
  /** @throws DetailedError STORAGE_FULL unless that many bytes can be written and the reserve remains */
  require(sizeBytes: number): Promise<void>;
  /** To be called before bytes are written; looks at the disk now and then. @throws DetailedError STORAGE_FULL */
  spend(sizeBytes: number): Promise<void>;
}

/** @param minFreeBytes 0: all may be used */
export function guardFreeSpace(directory: string, minFreeBytes: number): FreeSpace {
  let leftBytes = 0;
  async function require(sizeBytes: number): Promise<void> {
    const free = await freeBytes(directory);
    if (free - sizeBytes >= minFreeBytes) return;
    const found = `its disk has ${free} bytes left, of which ${minFreeBytes} are kept free, and ${sizeBytes} are needed`;
    throw storageFull("store an upload", found);
  }
  return {
    require,
    async spend(sizeBytes) {
      leftBytes -= sizeBytes;
      if (leftBytes >= 0) return;
      await require(sizeBytes);
      leftBytes = stepBytes;
    },
  };
}

async function freeBytes(directory: string): Promise<number> {
  try {
    const found = await statfs(directory);
    return found.bavail * found.bsize;
  } catch (thrown) {
    throw storageFailure("look how much room there is", directory, thrown);
  }
}
