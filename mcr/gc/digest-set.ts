import { type Digest, hexOf } from "../digest.ts";

const firstCapacity = 1_024;
/** Of a digest, which is as good as random: enough to tell those of one store apart. */
const hexDigitsKept = 16;

/** Very many digests in 8 bytes each: a million takes 8 MB. */
export interface DigestSet {
  add(digest: Digest): void;
  /** Not before all were added. */
  has(digest: Digest): boolean;
}

export function createDigestSet(): DigestSet {
  let values = new BigUint64Array(firstCapacity);
  let count = 0;
  let sorted: BigUint64Array | undefined;
  return {
    add(digest) {
      if (count === values.length) {
        const larger = new BigUint64Array(2 * count);
        larger.set(values);
        values = larger;
      }
      values[count] = keyOf(digest);
      count += 1;
      sorted = undefined;
    },
    has(digest) {
      sorted ??= values.slice(0, count).toSorted();
      return contains(sorted, keyOf(digest));
    },
  };
}

function keyOf(digest: Digest): bigint {
  return BigInt(`0x${hexOf(digest).slice(0, hexDigitsKept)}`);
}

function contains(sorted: BigUint64Array, key: bigint): boolean {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0n) < key) low = middle + 1;
    else high = middle;
  }
  return sorted[low] === key;
}
