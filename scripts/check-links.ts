import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { linksIn, sectionsOf, sourcesNamed } from "./links/links.ts";

/** Fails when a page links to a file or a section that there is not, or names a source that there is not. */
const pages = globSync("{*.md,docs/*.md,examples/**/*.md,deploy/**/*.md}").toSorted();
const sources = globSync("{bench,mc*,metacrypt,metacircular,proto,scripts,testkit}/**/*.ts", {
  exclude: ["**/node_modules"],
});

function problemsOf(page: string): string[] {
  const markdown = readFileSync(page, "utf8");
  const broken = linksIn(markdown).flatMap(({ line, path, section }) => {
    const file = path === "" ? page : join(dirname(page), path);
    if (!existsSync(file)) return [`${page}:${line}: there is no file ${file}`];
    if (section === undefined || !file.endsWith(".md")) return [];
    if (sectionsOf(readFileSync(file, "utf8")).has(section)) return [];
    return [`${page}:${line}: ${file} has no section #${section}`];
  });
  // The log of changes names what there was.
  const named = page === "CHANGELOG.md" ? [] : sourcesNamed(markdown);
  const missing = named
    .filter(({ path }) => !sources.some((source) => source === path || source.endsWith(`/${path}`)))
    .map(({ path, line }) => `${page}:${line}: there is no source ${path}`);
  return [...broken, ...missing];
}

const problems = pages.flatMap(problemsOf);
for (const problem of problems) console.log(problem);
if (!pages.includes("README.md")) console.log("there is no README.md: this check looks in the wrong place");
if (!pages.includes("README.md") || problems.length > 0) process.exitCode = 1;
