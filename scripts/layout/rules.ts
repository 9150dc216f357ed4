import { cycles, reachedFrom } from "./graph.ts";
import { isAllowed, isTest, layerOf, workspaceOf } from "./layers.ts";
import type { Import, SourceFile } from "./source-tree.ts";

export interface Violation {
  readonly file: string;
  readonly line: number;
  /** What is wrong, and what to do about it. */
  readonly message: string;
}

type Tree = ReadonlyMap<string, SourceFile>;
type Rule = (tree: Tree) => Violation[];

/** All that breaks the layout, in the order of the files. */
export function violations(tree: Tree): Violation[] {
  return rules
    .flatMap((rule) => rule(tree))
    .toSorted((a, b) => a.file.localeCompare(b.file) || a.line - b.line);
}

/** Builds a rule from what is wrong with one import; undefined: nothing. */
function importRule(judge: (file: SourceFile, found: Import) => string | undefined): Rule {
  return (tree) =>
    [...tree.values()].flatMap((file) =>
      file.imports.flatMap((found) => {
        const message = judge(file, found);
        return message === undefined ? [] : [{ file: file.path, line: found.line, message }];
      }),
    );
}

/** Builds a rule from what is wrong with one file's path; undefined: nothing. */
function pathRule(judge: (path: string) => string | undefined): Rule {
  return (tree) =>
    [...tree.keys()].flatMap((path) => {
      const message = judge(path);
      return message === undefined ? [] : [{ file: path, line: 1, message }];
    });
}

const reversedImports = importRule(({ path }, { target }) => {
  if (target === undefined || isAllowed(path, target)) return undefined;
  return `${layerOf(path) ?? path} must not import ${target}; pass it in, or move what both need further down`;
});

const importedTests = importRule(({ path }, { target }) => {
  if (target === undefined || isTest(path) || !isTest(target)) return undefined;
  return `imports ${target}, which belongs to the tests; move what both need out of there`;
});

const relativeImportsAcrossWorkspaces = importRule(({ path }, { specifier, target }) => {
  if (target === undefined || !specifier.startsWith(".")) return undefined;
  if (workspaceOf(path) === workspaceOf(target)) return undefined;
  return `imports ${target} by a relative path; name the workspace: @metacircular/...`;
});

const circularImports: Rule = (tree) =>
  cycles(tree).map((circle) => {
    const [first = "", second = first] = circle;
    const line = tree.get(first)?.imports.find(({ target }) => target === second)?.line ?? 1;
    const message = `imports itself in a circle: ${[...circle, first].join(" -> ")}; move what they share to a file of its own`;
    return { file: first, line, message };
  });

const isEntry = (path: string): boolean => /(^|\/)main\.ts$|^scripts\/[^/]+\.ts$/.test(path) && !isTest(path);
const isForTests = (path: string): boolean => isTest(path) || path.startsWith("testkit/");

const unreachedFiles: Rule = (tree) => {
  const paths = [...tree.keys()];
  const used = reachedFrom(tree, paths.filter(isEntry));
  const tested = reachedFrom(
    tree,
    paths.filter((path) => path.endsWith(".test.ts")),
  );
  return paths
    .filter((path) => !used.has(path) && !(isForTests(path) && tested.has(path)))
    .map((file) => ({
      file,
      line: 1,
      message: isForTests(file)
        ? "no test reaches it; use it or delete it"
        : "no main.ts reaches it; use it, delete it, or move what only tests need to testkit/",
    }));
};

const pureModules = new Set(
  ["assert/strict", "buffer", "crypto", "path", "path/posix", "url", "util"].map((name) => `node:${name}`),
);

const impureCore = importRule(({ path }, { specifier }) => {
  if (!path.startsWith("mcp/core/") || isTest(path)) return undefined;
  if (specifier.startsWith("node:") && !pureModules.has(specifier)) {
    return `mcp/core is pure and must not import ${specifier}; do it at the edge and pass the result in`;
  }
  return undefined;
});

/** Modules that touch the outside, and where they may be used. */
const doors: readonly { module: string; folders: RegExp; instead: string }[] = [
  {
    module: "node:sqlite",
    folders: /^mcdsl\/(database|sql)\/|\/(registry|store)\//,
    instead: "databases are opened in mcdsl/database and mcdsl/sql, and used in registry/ and store/ folders",
  },
  {
    module: "node:child_process",
    folders: /^(scripts|bench|testkit)\/|\/(runtime|processes)\//,
    instead: "processes are started in the folder that owns them",
  },
];

const modulesOutsideTheirDoor = importRule(({ path }, { specifier, typeOnly }) => {
  const door = doors.find(({ module }) => module === specifier);
  if (door === undefined || typeOnly || isTest(path) || door.folders.test(path)) return undefined;
  return `must not import ${specifier}: ${door.instead}`;
});

const namesWithoutSubject = pathRule((path) => {
  const name = path.split("/").find((part) => /^(utils?|helpers?|common|misc|index)(\.ts)?$/.test(part));
  return name === undefined
    ? undefined
    : `"${name}" names no subject; name it after the one thing it is about`;
});

const rules: readonly Rule[] = [
  reversedImports,
  importedTests,
  relativeImportsAcrossWorkspaces,
  circularImports,
  unreachedFiles,
  impureCore,
  modulesOutsideTheirDoor,
  namesWithoutSubject,
];
