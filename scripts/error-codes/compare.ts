import type { Mention } from "./used-codes.ts";

/** The codes that a document explains: each is the first column of a table's row. */
export function documentedCodes(file: string, text: string): Mention[] {
  return text.split("\n").flatMap((row, index) => {
    const code = /^\| `([A-Z0-9_]+)`\s*\|/.exec(row)?.[1];
    return code === undefined ? [] : [{ code, file, line: index + 1 }];
  });
}

/** One line for each difference between the codes in the sources and those in the document. */
export function differences(used: readonly Mention[], documented: readonly Mention[]): string[] {
  const isIn = (mentions: readonly Mention[], code: string): boolean =>
    mentions.some((mention) => mention.code === code);
  return [
    ...used
      .filter(({ code }) => !isIn(documented, code))
      .map(({ code, file, line }) => `${file}:${line}: ${code} is not explained`),
    ...documented
      .filter(({ code }) => !isIn(used, code))
      .map(({ code, file, line }) => `${file}:${line}: nothing uses ${code}`),
    ...documented
      .filter(({ code }, index) => isIn(documented.slice(0, index), code))
      .map(({ code, file, line }) => `${file}:${line}: ${code} is explained twice`),
  ];
}
