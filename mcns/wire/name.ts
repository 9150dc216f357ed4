/** A domain name as this program keeps it: lower case, absolute, without the final dot; the root is "". Bytes of a
 * label that are no letters, digits, "-" or "_" are escaped as in zone files: `\.`, `\\`, `\032` (RFC 1035,
 * section 5.1), but "*" and "/" stand for themselves. Two names are the same when the strings are. */
export type Name = string;

/** Of a name in wire form, its final zero included (RFC 1035, section 2.3.4). */
export const longestNameBytes = 255;
export const longestLabelBytes = 63;

const dot = 0x2e;
const backslash = 0x5c;
const plain = /^[0-9a-z_*/-]$/;
/** What each byte of a label looks like in a `Name`. */
const written: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const text = String.fromCharCode(byte).toLowerCase();
  if (byte < 128 && plain.test(text)) return text;
  return byte > 32 && byte < 127 ? `\\${text}` : `\\${String(byte).padStart(3, "0")}`;
});

/** The text of one byte of a label. */
export function writtenByte(byte: number): string {
  return written[byte] ?? "";
}

/** The name without its first label; undefined of the root. */
export function parentOf(name: Name): Name | undefined {
  if (name === "") return undefined;
  for (let at = 0; at < name.length; at++) {
    const code = name.charCodeAt(at);
    if (code === backslash) at++;
    else if (code === dot) return name.slice(at + 1);
  }
  return "";
}

/** The labels of a name, first to last. */
export function labelsOf(name: Name): string[] {
  const labels: string[] = [];
  for (let rest: Name | undefined = name; rest !== undefined && rest !== "";) {
    const parent: Name | undefined = parentOf(rest);
    labels.push(
      parent === undefined || parent === "" ? rest : rest.slice(0, rest.length - parent.length - 1),
    );
    rest = parent;
  }
  return labels;
}

/** Whether the name is the ancestor or below it. */
export function isWithin(name: Name, ancestor: Name): boolean {
  if (ancestor === "" || name === ancestor) return true;
  for (let at = parentOf(name); at !== undefined; at = parentOf(at)) {
    if (at.length < ancestor.length) return false;
    if (at === ancestor) return true;
  }
  return false;
}

/** `label.name`, and the label itself below the root. */
export function below(label: string, name: Name): Name {
  return name === "" ? label : `${label}.${name}`;
}

/** Reads a name as people and zone files write it. Relative to `origin` unless it ends with a dot; "@" is the origin
 * itself. Undefined when it is no domain name: empty or too long labels, a broken escape, more than 255 bytes.
 * @param origin default: the root, which makes every name absolute */
export function parseName(text: string, origin: Name = ""): Name | undefined {
  if (text === "@") return origin;
  if (text === ".") return "";
  const labels: string[] = [];
  let label = "";
  let labelBytes = 0;
  let endsWithDot = false;
  const bytes = Buffer.from(text, "utf8");
  for (let at = 0; at < bytes.length;) {
    let byte = bytes[at++] ?? 0;
    endsWithDot = byte === dot;
    if (byte === dot) {
      if (labelBytes === 0) return undefined;
      labels.push(label);
      label = "";
      labelBytes = 0;
      continue;
    }
    if (byte === backslash) {
      const escape = escapeAt(bytes, at);
      if (escape === undefined) return undefined;
      byte = escape.byte;
      at = escape.end;
    }
    label += writtenByte(byte);
    labelBytes += 1;
    if (labelBytes > longestLabelBytes) return undefined;
  }
  if (!endsWithDot) {
    if (labelBytes === 0) return undefined;
    labels.push(label);
  }
  const name = labels.join(".");
  const absolute = endsWithDot || origin === "" ? name : `${name}.${origin}`;
  return wireLengthOf(absolute) <= longestNameBytes ? absolute : undefined;
}

function escapeAt(bytes: Uint8Array, at: number): { byte: number; end: number } | undefined {
  const digits = Buffer.from(bytes.subarray(at, at + 3)).toString("latin1");
  if (/^\d{3}$/.test(digits)) {
    const byte = Number(digits);
    return byte > 255 ? undefined : { byte, end: at + 3 };
  }
  const byte = bytes[at];
  return byte === undefined || (byte >= 0x30 && byte <= 0x39) ? undefined : { byte, end: at + 1 };
}

/** Bytes of the name in wire form without compression. */
export function wireLengthOf(name: Name): number {
  return nameToWire(name).length;
}

/** The name in wire form without compression. */
export function nameToWire(name: Name): Uint8Array {
  if (name === "") return Uint8Array.of(0);
  const wire = Buffer.alloc(name.length + 2);
  let end = 1;
  let labelAt = 0;
  for (let at = 0; at < name.length; at++) {
    const code = name.charCodeAt(at);
    if (code === dot) {
      wire[labelAt] = end - labelAt - 1;
      labelAt = end++;
    } else if (code === backslash) {
      const escape = escapeOf(name, at + 1);
      wire[end++] = escape.byte;
      at = escape.lastAt;
    } else wire[end++] = code;
  }
  wire[labelAt] = end - labelAt - 1;
  return wire.subarray(0, end + 1);
}

function escapeOf(name: Name, at: number): { byte: number; lastAt: number } {
  const code = name.charCodeAt(at);
  if (code >= 0x30 && code <= 0x39) return { byte: Number(name.slice(at, at + 3)), lastAt: at + 2 };
  return { byte: code, lastAt: at };
}
