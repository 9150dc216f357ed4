import { messageOf } from "@metacircular/mcdsl/errors.ts";
import { manifestInvalid } from "./errors.ts";

const maxDepth = 32;
const maxContainers = 50_000;
const maxKeys = 200_000;
/** Of one object. Far more than that take seconds to work with. */
const maxKeysOfOne = 10_000;

interface Container {
  /** Undefined: an array. */
  readonly keys: Set<string> | undefined;
  expectsKey: boolean;
}

/**
 * Parses JSON in UTF-8 from somebody who may be hostile: what nests deeply, consists of countless small parts, or names a
 * key twice (which programs read differently) is refused before anything is built of it.
 * @throws DetailedError MANIFEST_INVALID
 */
export function parseBoundedJson(content: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content);
  } catch (error) {
    throw manifestInvalid("it is no UTF-8", error);
  }
  scan(text);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw manifestInvalid(`it is no JSON: ${messageOf(error).slice(0, 200)}`, error);
  }
}

/** Looks at the structure only; whether it is JSON at all is judged by the parser. */
function scan(text: string): void {
  const stack: Container[] = [];
  const count = { containers: 0, keys: 0 };
  for (let at = 0; at < text.length; at++) {
    const inner = stack.at(-1);
    switch (text.charCodeAt(at)) {
      case 0x22: {
        const end = endOfString(text, at);
        if (inner?.keys !== undefined && inner.expectsKey) {
          inner.expectsKey = false;
          addKey(inner.keys, text.slice(at + 1, end), count);
        }
        at = end;
        break;
      }
      case 0x7b:
        open(stack, { keys: new Set(), expectsKey: true }, count);
        break;
      case 0x5b:
        open(stack, { keys: undefined, expectsKey: false }, count);
        break;
      case 0x7d:
      case 0x5d:
        stack.pop();
        break;
      case 0x2c:
        if (inner?.keys !== undefined) inner.expectsKey = true;
        break;
      default:
    }
  }
}

function open(stack: Container[], container: Container, count: { containers: number }): void {
  if (++count.containers > maxContainers) throw manifestInvalid(`it has more than ${maxContainers} parts`);
  stack.push(container);
  if (stack.length > maxDepth) throw manifestInvalid(`it is nested deeper than ${maxDepth} levels`);
}

/** Of its closing quote. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; ; at++) {
    const end = text.indexOf('"', at);
    if (end < 0) throw manifestInvalid("it is no JSON: a string does not end");
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return end;
    at = end;
  }
}

function addKey(keys: Set<string>, raw: string, count: { keys: number }): void {
  if (++count.keys > maxKeys) throw manifestInvalid(`it has more than ${maxKeys} keys`);
  const key = raw.includes("\\") ? unescaped(raw) : raw;
  if (keys.has(key)) throw manifestInvalid(`it has the key ${JSON.stringify(key.slice(0, 100))} twice`);
  keys.add(key);
  if (keys.size > maxKeysOfOne) throw manifestInvalid(`an object has more than ${maxKeysOfOne} keys`);
}

function unescaped(raw: string): string {
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch (error) {
    throw manifestInvalid("it is no JSON: a key has an unknown escape sequence", error);
  }
}
