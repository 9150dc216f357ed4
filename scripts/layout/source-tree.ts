import { globSync, readFileSync } from "node:fs";
import path from "node:path/posix";
import { parseSync } from "oxc-parser";

/** One place in a file that names another module. */
export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** Nothing of it is left at run time. */
  readonly typeOnly: boolean;
  /** Path from the root where it names one of our files. */
  readonly target?: string;
}

export interface SourceFile {
  /** From the root, with forward slashes. */
  readonly path: string;
  readonly imports: readonly Import[];
}

/** Every TypeScript file of ours below `root` by its path, each with what it imports. */
export function readSourceTree(root: string): Map<string, SourceFile> {
  const paths = globSync("**/*.ts", {
    cwd: root,
    exclude: ["**/node_modules", "**/.*", "proto/gen", "out"],
  }).toSorted();
  return new Map(
    paths.map((file) => [
      file,
      { path: file, imports: importsOf(file, readFileSync(`${root}/${file}`, "utf8")) },
    ]),
  );
}

function importsOf(file: string, source: string): Import[] {
  const { module } = parseSync(file, source);
  const found: { specifier: string; offset: number; typeOnly: boolean }[] = [];
  for (const { moduleRequest, entries } of module.staticImports) {
    const typeOnly = entries.length > 0 && entries.every((entry) => entry.isType);
    found.push({ specifier: moduleRequest.value, offset: moduleRequest.start, typeOnly });
  }
  for (const { moduleRequest, isType } of module.staticExports.flatMap(({ entries }) => entries)) {
    if (moduleRequest === null) continue;
    found.push({ specifier: moduleRequest.value, offset: moduleRequest.start, typeOnly: isType });
  }
  for (const { moduleRequest } of module.dynamicImports) {
    const literal = /^["'`](.*)["'`]$/.exec(source.slice(moduleRequest.start, moduleRequest.end));
    if (literal?.[1] !== undefined) {
      found.push({ specifier: literal[1], offset: moduleRequest.start, typeOnly: false });
    }
  }
  // A file that is started as a process or a worker of its own.
  for (const match of source.matchAll(/new URL\(\s*["'](?:\.\/)?([^"']+\.ts)["'],\s*import\.meta\.url/g)) {
    found.push({ specifier: `./${match[1]}`, offset: match.index, typeOnly: true });
  }
  return found.map(({ specifier, offset, typeOnly }) => {
    const target = resolve(file, specifier);
    const line = source.slice(0, offset).split("\n").length;
    return { specifier, line, typeOnly, ...(target === undefined ? {} : { target }) };
  });
}

function resolve(file: string, specifier: string): string | undefined {
  if (specifier.startsWith(".")) return path.join(path.dirname(file), specifier);
  const [, workspace, rest] = /^@metacircular\/([^/]+)\/(.+)$/.exec(specifier) ?? [];
  if (workspace === undefined || rest === undefined) return undefined;
  return `${workspace.replace(/^mcp-/, "mcp/")}/${rest}`;
}
