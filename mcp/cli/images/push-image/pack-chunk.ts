import { promisify } from "node:util";
import { constants, zstdCompress } from "node:zlib";

const compress = promisify(zstdCompress);

/** A quick level: 250 MB/s of a core, and what programs and libraries shrink to is within a tenth of the usual one. */
const level = 1;
/** Less is not worth the work at the other end. */
const leastSavedShare = 0.05;

/** A part of a layer as one Zstandard frame (RFC 8878), worked on beside the event loop; undefined where that saves next
 * to nothing, as with what is compressed already. */
export async function packChunk(chunk: Uint8Array): Promise<Uint8Array | undefined> {
  const packed = await compress(chunk, { params: { [constants.ZSTD_c_compressionLevel]: level } });
  return packed.length > chunk.length * (1 - leastSavedShare) ? undefined : packed;
}
