/** Markup that is safe to send: everything that was put into it is escaped. Only `html` and `attribute` make it. */
export class Html {
  readonly #markup: string;
  /** Whether it is an attribute and belongs inside of a tag. */
  readonly #isAttribute: boolean;

  private constructor(markup: string, isAttribute: boolean) {
    this.#markup = markup;
    this.#isAttribute = isAttribute;
  }

  toString(): string {
    return this.#markup;
  }

  static render(strings: TemplateStringsArray, values: readonly Content[]): Html {
    const contexts = contextsOf(strings);
    let markup = strings[0] ?? "";
    for (const [index, value] of values.entries()) {
      markup += insert(value, contexts[index] ?? "text") + (strings[index + 1] ?? "");
    }
    return new Html(markup, false);
  }

  static attribute(name: string, value: string): Html {
    return new Html(` ${name}="${escapeHtml(value)}"`, true);
  }

  static isAttribute(content: Content): boolean {
    return content instanceof Html && content.#isAttribute;
  }
}

/** What can stand in a template. `undefined` and `false` are nothing. */
export type Content = string | number | Html | undefined | false | readonly Content[];

/** Makes HTML from a template. Texts are escaped for the place where they stand; what cannot be made safe there throws
 * when the template is used for the first time: names of tags and attributes, attributes without double quotes,
 * event handlers, styles, comments, and everything inside of `script` and `style`. In `href`, `src` and `action` only
 * local and https addresses are left as they are. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  return Html.render(strings, values);
}

/** An attribute for inside of a tag, with the space before it; nothing where the value is undefined or false, and only its
 * name where it is true.
 * @throws TypeError where the name is one that can run or fetch something */
export function attribute(name: string, value: string | number | boolean | undefined): Content {
  if (!/^[a-z][a-z-]*$/.test(name) || /^(?:on|style$|href$|src)/.test(name) || name === "action") {
    throw new TypeError(`write the attribute ${name} in the template`);
  }
  if (value === undefined || value === false) return undefined;
  return Html.attribute(name, value === true ? "" : String(value));
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  "`": "&#96;",
  "\0": "\uFFFD",
};

/** For text and for attributes in quotes. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"'`\0]/g, (character) => entities[character] ?? "");
}

/** Where a value stands. */
type Context = "text" | "value" | "url" | "attributes";

function insert(value: Content, context: Context): string {
  if (value === undefined || value === false) return "";
  if (typeof value === "object" && !(value instanceof Html)) {
    return value.map((part) => insert(part, context)).join("");
  }
  const isAttribute = Html.isAttribute(value);
  if (context === "attributes") {
    if (isAttribute) return String(value);
    throw new TypeError("inside of a tag only attribute(...) can stand");
  }
  if (isAttribute) throw new TypeError("an attribute stands outside of a tag");
  if (value instanceof Html) {
    if (context === "text") return value.toString();
    throw new TypeError("markup stands in an attribute");
  }
  return escapeHtml(context === "url" ? safeUrl(String(value)) : String(value));
}

/** A scheme such as `javascript:` would run as ours. */
function safeUrl(text: string): string {
  return /^(?:\/(?![/\\])|[?#]|https:\/\/)/.test(text) ? text : "#";
}

const known = new WeakMap<TemplateStringsArray, readonly Context[]>();

function contextsOf(strings: TemplateStringsArray): readonly Context[] {
  let contexts = known.get(strings);
  if (contexts === undefined) {
    contexts = judge(strings);
    known.set(strings, contexts);
  }
  return contexts;
}

function judge(strings: readonly string[]): readonly Context[] {
  const contexts: Context[] = [];
  let before = "";
  for (const [index, part] of strings.entries()) {
    before += part;
    const tag = openTag(before);
    if (index === strings.length - 1) {
      if (tag !== undefined) throw new TypeError(`the template ends inside of a tag: ${tag}`);
      break;
    }
    contexts.push(tag === undefined ? "text" : contextInTag(tag));
    // Stands for whatever comes here; an attribute when one comes between attributes.
    before += contexts.at(-1) === "attributes" ? "" : "x";
  }
  return contexts;
}

/** What there is of a tag that is still open at the end of the text; undefined: the end is text.
 * @throws TypeError where it is a place in which nothing can be made safe */
function openTag(markup: string): string | undefined {
  const rest = markup.replaceAll(/<(?:[^<>"]|"[^"]*")*>/g, (tag) => {
    if (/^<(?:script|style|textarea|iframe|noscript|template|xmp|plaintext)[\s>]/i.test(tag)) {
      if (!/^<(?:script|noscript|textarea)/i.test(tag)) throw new TypeError(`${tag} cannot be in a template`);
      return "\u0001";
    }
    return /^<\/(?:script|noscript|textarea)>/i.test(tag) ? "\u0002" : "";
  });
  if (/\u0001[^\u0002]*$/.test(rest)) {
    if (!rest.endsWith("\u0001")) throw new TypeError(`text inside of a script: ${markup.slice(-80)}`);
    throw new TypeError(`a value inside of a script: ${markup.slice(-80)}`);
  }
  if (/<!--/.test(rest)) throw new TypeError("a comment in a template");
  const start = rest.indexOf("<");
  return start === -1 ? undefined : rest.slice(start);
}

function contextInTag(tag: string): Context {
  const quotes = tag.split('"').length - 1;
  if (quotes % 2 === 0) {
    if (/^<[a-z][a-z0-9-]*(?:\s+[a-z][a-z0-9-]*(?:="[^"]*")?)*\s*$/i.test(tag)) return "attributes";
    throw new TypeError(`a value where none can stand: ${tag}`);
  }
  const attributeName = /\s([a-z][a-z0-9:-]*)="([^"]*)$/i.exec(tag);
  const name = attributeName?.[1]?.toLowerCase();
  if (name === undefined || name === "style" || name === "srcdoc" || name.startsWith("on")) {
    throw new TypeError(`a value where none can be made safe: ${tag}`);
  }
  return /^(?:href|src|action|formaction|xlink:href)$/.test(name) && attributeName?.[2] === ""
    ? "url"
    : "value";
}
