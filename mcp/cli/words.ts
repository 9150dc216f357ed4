/** Splits a command line as a shell does, but for expansions: at white space, with single and double quotes and
 * backslashes. Undefined where a quote is not closed. */
export function splitWords(text: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (character === "'") {
      const end = text.indexOf("'", at + 1);
      if (end < 0) return undefined;
      word = (word ?? "") + text.slice(at + 1, end);
      at = end;
    } else if (character === '"') {
      const quoted = readDoubleQuoted(text, at + 1);
      if (quoted === undefined) return undefined;
      word = (word ?? "") + quoted.content;
      at = quoted.end;
    } else if (character === "\\" && at + 1 < text.length) {
      at += 1;
      if (text.charAt(at) !== "\n") word = (word ?? "") + text.charAt(at);
    } else word = (word ?? "") + character;
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** @returns the content up to the closing quote, and where that is */
function readDoubleQuoted(text: string, start: number): { content: string; end: number } | undefined {
  let content = "";
  for (let at = start; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '"') return { content, end: at };
    const next = text.charAt(at + 1);
    if (character === "\\" && ['"', "\\", "$", "`", "\n"].includes(next)) {
      if (next !== "\n") content += next;
      at += 1;
    } else content += character;
  }
  return undefined;
}
