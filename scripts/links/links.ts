/** Markdown files as they refer to each other, to other files and to sections. Pure. */

export interface Link {
  readonly line: number;
  /** Path relative to the file that has the link; empty: the file itself. */
  readonly path: string;
  /** Section, without `#`; undefined: none. */
  readonly section: string | undefined;
}

/** The links to files and sections; those to other sites are none of our business. */
export function linksIn(markdown: string): Link[] {
  return prose(markdown).flatMap(({ text, line }) =>
    [...text.matchAll(/\]\((?<target>[^()\s]+)\)/gu)]
      .map(({ groups }) => groups?.["target"] ?? "")
      .filter((target) => !/^\w+:/u.test(target))
      .map((target) => {
        const [path = "", section] = target.split("#", 2);
        return { line, path, section };
      }),
  );
}

/** The sections as GitHub names them in links. */
export function sectionsOf(markdown: string): Set<string> {
  const headings = prose(markdown).flatMap(({ text }) => /^#+ (.*)$/u.exec(text)?.[1] ?? []);
  return new Set(headings.map(sectionName));
}

function sectionName(heading: string): string {
  return heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/gu, "$1")
    .toLowerCase()
    .trim()
    .replaceAll(/[^\p{L}\p{N}_\- ]/gu, "")
    .replaceAll(" ", "-");
}

/** Lines outside of code blocks. */
function prose(markdown: string): { text: string; line: number }[] {
  let isCode = false;
  return markdown.split("\n").flatMap((text, index) => {
    const isFence = text.startsWith("```");
    if (isFence) isCode = !isCode;
    return isFence || isCode ? [] : [{ text, line: index + 1 }];
  });
}

/** Files of the sources that a text names: what is in backticks, has a folder in it, and ends in `.ts`. */
export function sourcesNamed(markdown: string): { path: string; line: number }[] {
  return prose(markdown).flatMap(({ text, line }) =>
    [...text.matchAll(/`(?<path>[\w.-]+(?:\/[\w.-]+)+\.ts)`/gu)].map(({ groups }) => ({
      path: groups?.["path"] ?? "",
      line,
    })),
  );
}
