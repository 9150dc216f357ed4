import { promisify } from "node:util";
import { constants, zstdDecompress } from "node:zlib";
import { streamInvalid } from "./push-errors.ts";

const decompress = promisify(zstdDecompress);

const mostChunkBytes = 1024 * 1024;
/** A frame says how much memory its decompression takes: no more than the largest chunk is long, as binary logarithm. */
const mostWindowLog = 20;

/** A part of a layer from its Zstandard frame, of at most 1 MiB.
 * @throws DetailedError IMAGE_STREAM_INVALID where it is none, or more */
export async function unpackChunk(packed: Uint8Array): Promise<Uint8Array> {
  try {
    return await decompress(packed, {
      maxOutputLength: mostChunkBytes,
      params: { [constants.ZSTD_d_windowLogMax]: mostWindowLog },
    });
  } catch {
    throw streamInvalid("a compressed chunk is no Zstandard frame of at most 1 MiB");
  }
}
