/** An entry of a tar. Its content has to be read, or the entry skipped, before the next one is asked for. */
export interface TarEntry {
  readonly name: string;
  /** `0`: a file. */
  readonly type: string;
  readonly sizeBytes: number;
  readonly content: AsyncIterable<Uint8Array>;
}

const blockBytes = 512;
/** More than any header of an image's archive. */
const mostExtendedBytes = 64 * 1024;

/** Reads a tar as it comes, with the extended headers that large files have (POSIX pax). What is not read of an entry
 * is skipped. Throws an Error where it is no tar, or breaks off. */
export async function* readTar(archive: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const source = createReader(archive);
  let extended: ReadonlyMap<string, string> = new Map();
  for (;;) {
    const header = await source.take(blockBytes);
    if (header.every((byte) => byte === 0)) {
      await source.rest();
      return;
    }
    checkSum(header);
    const type = text(header, 156, 1) || "0";
    const sizeBytes = Number(extended.get("size") ?? numberAt(header, 124, 12));
    const paddingBytes = (blockBytes - (sizeBytes % blockBytes)) % blockBytes;
    if (type === "x" || type === "g") {
      if (sizeBytes > mostExtendedBytes) throw new Error("an extended header is too long");
      const records = parseExtended(await source.take(sizeBytes));
      if (type === "x") extended = records;
      await source.skip(paddingBytes);
      continue;
    }
    const name = extended.get("path") ?? nameIn(header);
    extended = new Map();
    const left = { bytes: type === "0" ? sizeBytes : 0 };
    yield { name, type, sizeBytes: left.bytes, content: source.part(left) };
    await source.skip(left.bytes + (type === "0" ? paddingBytes : 0));
  }
}

function createReader(archive: AsyncIterable<Uint8Array>) {
  const chunks = archive[Symbol.asyncIterator]();
  let chunk: Uint8Array = new Uint8Array(0);

  /** At least one byte, and at most so many. */
  async function next(mostBytes: number): Promise<Uint8Array> {
    while (chunk.length === 0) {
      const result = await chunks.next();
      if (result.done === true) throw new Error("the archive breaks off");
      chunk = result.value;
    }
    const taken = chunk.subarray(0, mostBytes);
    chunk = chunk.subarray(taken.length);
    return taken;
  }

  async function skip(bytes: number): Promise<void> {
    for (let left = bytes; left > 0;) left -= (await next(left)).length;
  }

  return {
    skip,
    async take(bytes: number): Promise<Buffer> {
      const taken = Buffer.alloc(bytes);
      for (let at = 0; at < bytes;) {
        const part = await next(bytes - at);
        taken.set(part, at);
        at += part.length;
      }
      return taken;
    },
    async *part(left: { bytes: number }): AsyncGenerator<Uint8Array> {
      while (left.bytes > 0) {
        const taken = await next(left.bytes);
        left.bytes -= taken.length;
        yield taken;
      }
    },
    /** Lets the writer come to its end. */
    async rest(): Promise<void> {
      while ((await chunks.next()).done !== true);
    },
  };
}

function nameIn(header: Buffer): string {
  const prefix = text(header, 345, 155);
  const name = text(header, 0, 100);
  return prefix === "" ? name : `${prefix}/${name}`;
}

function text(header: Buffer, at: number, length: number): string {
  const field = header.toString("utf8", at, at + length);
  const end = field.indexOf("\0");
  return end < 0 ? field : field.slice(0, end);
}

/** Octal, or in base 256 where the first bit is set, as GNU and Go write large numbers. */
function numberAt(header: Buffer, at: number, length: number): number {
  if (((header[at] ?? 0) & 0x80) !== 0) return Number(header.readBigUInt64BE(at + length - 8));
  return Number.parseInt(text(header, at, length).trim() || "0", 8);
}

function checkSum(header: Buffer): void {
  const said = numberAt(header, 148, 8);
  const sum = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  if (said !== sum) throw new Error("it is no tar archive");
}

/** Records of the form `length key=value\n`, where the length counts itself. */
function parseExtended(content: Buffer): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < content.length;) {
    const space = content.indexOf(0x20, at);
    const length = Number.parseInt(content.toString("ascii", at, space), 10);
    if (space < 0 || !(length > 0)) throw new Error("an extended header is broken");
    const record = content.toString("utf8", space + 1, at + length - 1);
    const equals = record.indexOf("=");
    records.set(record.slice(0, equals), record.slice(equals + 1));
    at += length;
  }
  return records;
}
