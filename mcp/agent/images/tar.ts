/* The part of POSIX ustar (IEEE 1003.1, "pax") that an archive of blobs needs. */

const blockBytes = 512;
/** Two empty blocks. */
export const tarEnd: Uint8Array = new Uint8Array(2 * blockBytes);
/** The octal form of the size has 11 digits. */
const largestOctal = 8 ** 11;

/** The header of a plain file.
 * @param name at most 100 ASCII characters */
export function tarFile(name: string, sizeBytes: number): Uint8Array {
  const header = Buffer.alloc(blockBytes);
  if (name.length > 100) throw new RangeError(`${name} is too long for a tar header`);
  header.write(name, 0, "ascii");
  header.write("0000644\0", 100, "ascii");
  header.write("0000000\0", 108, "ascii");
  header.write("0000000\0", 116, "ascii");
  writeSize(header, sizeBytes);
  header.write("00000000000\0", 136, "ascii");
  header.write("        ", 148, "ascii");
  header.write("0", 156, "ascii");
  header.write("ustar\u000000", 257, "ascii");
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "ascii");
  return header;
}

/** What fills the last block of a file. */
export function tarPadding(sizeBytes: number): Uint8Array {
  return new Uint8Array((blockBytes - (sizeBytes % blockBytes)) % blockBytes);
}

/** From 8 GiB on in base 256, as GNU and Go do it. */
function writeSize(header: Buffer, sizeBytes: number): void {
  if (sizeBytes < largestOctal) {
    header.write(`${sizeBytes.toString(8).padStart(11, "0")}\0`, 124, "ascii");
    return;
  }
  header.writeBigUInt64BE(BigInt(sizeBytes), 128);
  header.writeUInt8(0x80, 124);
}
