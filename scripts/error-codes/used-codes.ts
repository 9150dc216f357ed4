import { parseSync, Visitor } from "oxc-parser";
import type { Argument, Expression, ParamPattern } from "oxc-parser";

export interface Mention {
  readonly code: string;
  readonly file: string;
  readonly line: number;
}

interface Source {
  readonly file: string;
  readonly text: string;
}

const codePattern = /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/;

/** Every error code that the sources give to a failure: as the value of a property or a constant named `code`,
 * or as the argument for a function's parameter of that name. */
export function usedCodes(sources: readonly Source[]): Mention[] {
  const parsed = sources.map((source) => ({
    ...source,
    program: parseSync(source.file, source.text).program,
  }));
  const positions = new Map(parsed.flatMap(({ program }) => codeParameters(program)));
  return parsed.flatMap(({ file, text, program }) => {
    const found: Mention[] = [];
    const add = (value: Argument | null | undefined): void => {
      for (const { code, offset } of literalsOf(value)) {
        if (!codePattern.test(code)) continue;
        found.push({ code, file, line: text.slice(0, offset).split("\n").length });
      }
    };
    new Visitor({
      Property: (node) => {
        if (node.key.type === "Identifier" && node.key.name === "code") add(node.value as Expression);
      },
      VariableDeclarator: (node) => {
        if (node.id.type === "Identifier" && node.id.name === "code") add(node.init);
      },
      CallExpression: (node) => {
        const position = node.callee.type === "Identifier" ? positions.get(node.callee.name) : undefined;
        if (position !== undefined) add(node.arguments[position]);
      },
    }).visit(program);
    return found;
  });
}

/** Names of functions that take an error code, with the position of that parameter. */
function codeParameters(program: ReturnType<typeof parseSync>["program"]): [string, number][] {
  const found: [string, number][] = [];
  const add = (name: string | undefined, parameters: readonly ParamPattern[]): void => {
    const position = parameters.findIndex(
      (parameter) => parameter.type === "Identifier" && parameter.name === "code",
    );
    if (name !== undefined && position >= 0) found.push([name, position]);
  };
  new Visitor({
    FunctionDeclaration: (node) => add(node.id?.name, node.params),
    VariableDeclarator: (node) => {
      if (node.id.type !== "Identifier" || node.init?.type !== "ArrowFunctionExpression") return;
      add(node.id.name, node.init.params);
    },
  }).visit(program);
  return found;
}

function literalsOf(node: Argument | null | undefined): { code: string; offset: number }[] {
  switch (node?.type) {
    case "Literal":
      return typeof node.value === "string" ? [{ code: node.value, offset: node.start }] : [];
    case "ConditionalExpression":
      return [...literalsOf(node.consequent), ...literalsOf(node.alternate)];
    case "LogicalExpression":
      return [...literalsOf(node.left), ...literalsOf(node.right)];
    case "TSAsExpression":
    case "TSSatisfiesExpression":
    case "ParenthesizedExpression":
      return literalsOf(node.expression);
    default:
      return [];
  }
}
