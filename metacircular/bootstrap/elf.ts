/** Program header that names the loader of shared libraries (elf(5)). */
const interpreterType = 3;

/** Whether a 64-bit little-endian ELF executable runs without shared libraries. False for any other content. */
export function isStaticExecutable(content: Buffer): boolean {
  const headerBytes = 64;
  if (content.length < headerBytes || content.readUInt32BE(0) !== 0x7f454c46) return false;
  const is64BitLittleEndian = content[4] === 2 && content[5] === 1;
  if (!is64BitLittleEndian) return false;
  const offset = Number(content.readBigUInt64LE(32));
  const entryBytes = content.readUInt16LE(54);
  const count = content.readUInt16LE(56);
  const types = Array.from({ length: count }, (_, index) => offset + index * entryBytes).map((position) =>
    position + 4 <= content.length ? content.readUInt32LE(position) : interpreterType,
  );
  return types.length > 0 && !types.includes(interpreterType);
}
