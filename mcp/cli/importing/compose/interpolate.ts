/** What a text with variables becomes. */
export interface Interpolated {
  readonly text: string;
  /** Variables that are needed and not set; without a default they become nothing. */
  readonly unset: readonly string[];
  /** What `${…?message}` demands. */
  readonly demanded: readonly { readonly variable: string; readonly message: string }[];
}

/** Deepest nesting of defaults: `${A:-${B:-…}}`. */
const greatestDepth = 16;

type Lookup = (name: string) => string | undefined;

/** One thing that begins with `$`, and its length. */
interface Piece extends Interpolated {
  readonly length: number;
}

/** Replaces `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`, `${NAME:?message}`, `${NAME?message}`,
 * `${NAME:+instead}`, `${NAME+instead}` and `$$`, as compose does. What is not understood stays. */
export function interpolate(text: string, variables: Lookup, depth = 0): Interpolated {
  const pieces: Interpolated[] = [];
  let at = 0;
  for (;;) {
    const dollar = text.indexOf("$", at);
    pieces.push(plainText(text.slice(at, dollar < 0 ? text.length : dollar)));
    if (dollar < 0) break;
    const piece = pieceAt(text.slice(dollar), variables, depth);
    pieces.push(piece);
    at = dollar + piece.length;
  }
  return {
    text: pieces.map((piece) => piece.text).join(""),
    unset: pieces.flatMap(({ unset }) => unset),
    demanded: pieces.flatMap(({ demanded }) => demanded),
  };
}

function plainText(text: string): Interpolated {
  return { text, unset: [], demanded: [] };
}

/** @param text begins with `$` */
function pieceAt(text: string, variables: Lookup, depth: number): Piece {
  if (text.startsWith("$$")) return { ...plainText("$"), length: 2 };
  const name = /^\$([A-Za-z_][A-Za-z0-9_]*)/.exec(text)?.[1];
  if (name !== undefined) return { ...valueOf(name, variables), length: name.length + 1 };
  const end = text.startsWith("${") ? closingBrace(text) : -1;
  const inner = end < 0 || depth > greatestDepth ? undefined : expand(text.slice(2, end), variables, depth);
  return inner === undefined ? { ...plainText("$"), length: 1 } : { ...inner, length: end + 1 };
}

function valueOf(name: string, variables: Lookup): Interpolated {
  const value = variables(name);
  return value === undefined ? { ...plainText(""), unset: [name] } : plainText(value);
}

/** What stands between braces, or undefined where that is not understood. */
function expand(content: string, variables: Lookup, depth: number): Interpolated | undefined {
  const match = /^([A-Za-z_][A-Za-z0-9_]*)(?:(:?)([-?+])([^]*))?$/.exec(content);
  if (match === null) return undefined;
  const [, name = "", colon = "", operator, argument = ""] = match;
  if (operator === undefined) return valueOf(name, variables);
  const value = variables(name);
  const isSet = value !== undefined && (value !== "" || colon === "");
  if (operator === "+") return isSet ? interpolate(argument, variables, depth + 1) : plainText("");
  if (isSet) return plainText(value);
  const otherwise = interpolate(argument, variables, depth + 1);
  if (operator === "-") return otherwise;
  return { ...plainText(""), demanded: [{ variable: name, message: otherwise.text }] };
}

/** Where the brace closes that the text begins with; -1: nowhere. */
function closingBrace(text: string): number {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text.startsWith("${", at)) depth += 1;
    else if (text.charAt(at) === "}") depth -= 1;
    if (depth === 0 && at > 0 && text.charAt(at) === "}") return at;
  }
  return -1;
}
