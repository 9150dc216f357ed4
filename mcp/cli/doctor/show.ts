import type { Finding, FindingSeverity } from "@metacircular/mcp-core/doctor/finding.ts";

import type { ExitCode } from "../output/exit-code.ts";
import { exitCodes } from "../output/exit-code.ts";
import { plain } from "../output/table.ts";
import type { Examination } from "./examine.ts";

type Style = (severity: FindingSeverity, text: string) => string;

/** Worst first. */
const order: readonly FindingSeverity[] = ["problem", "warning", "unknown", "ok"];
const widest = Math.max(...order.map((severity) => severity.length));

/** Lines for people: a group per machine, problems first, what is fine as a number unless all is asked for. */
export function examinationLines({ machine, nodes }: Examination, all: boolean, style: Style): string[] {
  const groups = [
    { heading: "this machine", findings: machine },
    ...nodes.map(({ node, address, findings }) => ({ heading: `node ${node} (${address})`, findings })),
  ];
  return groups.flatMap(({ heading, findings }, index) => [
    ...(index === 0 ? [] : [""]),
    `${heading}:`,
    ...findingLines(findings, all, style),
  ]);
}

function findingLines(findings: readonly Finding[], all: boolean, style: Style): string[] {
  const shown = order.flatMap((severity) => findings.filter((finding) => finding.severity === severity));
  const fine = shown.filter(({ severity }) => severity === "ok").length;
  const lines = shown
    .filter(({ severity }) => all || severity !== "ok")
    .flatMap((finding) => linesOf(finding, style));
  return all || fine === 0
    ? lines
    : [...lines, `  ${style("ok", "ok".padEnd(widest))}  ${count(fine, "check")} fine`];
}

function linesOf({ severity, check, subject, found, remedy }: Finding, style: Style): string[] {
  const [first = "", ...more] = found.split("\n");
  const about = subject === "" ? "" : `${plain(subject)}: `;
  const indent = " ".repeat(widest + 4);
  return [
    `  ${style(severity, severity.padEnd(widest))}  ${check}: ${about}${plain(first)}`,
    ...more.map((line) => `${indent}  ${plain(line)}`),
    ...(remedy === "" ? [] : [`${indent}next: ${plain(remedy)}`]),
  ];
}

/** One line that sums up. */
export function summaryLine(examination: Examination): string {
  const { problem, warning, unknown, ok } = countsOf(examination);
  const unmade = unknown === 0 ? "" : `, ${unknown} unknown`;
  return `${count(problem, "problem")}, ${count(warning, "warning")}${unmade}; ${count(ok, "check")} fine`;
}

/** How many findings there are of each kind. */
export function countsOf(examination: Examination): Record<FindingSeverity, number> {
  const findings = allOf(examination);
  const number = (wanted: FindingSeverity) => findings.filter(({ severity }) => severity === wanted).length;
  return {
    problem: number("problem"),
    warning: number("warning"),
    unknown: number("unknown"),
    ok: number("ok"),
  };
}

/** Failed where there is a problem; unreachable where that is all. Warnings are no failure. */
export function exitCodeOf(examination: Examination): ExitCode {
  const problems = allOf(examination).filter(({ severity }) => severity === "problem");
  if (problems.length === 0) return exitCodes.done;
  return problems.every(({ check }) => check === "reachability") ? exitCodes.unreachable : exitCodes.failed;
}

function allOf({ machine, nodes }: Examination): Finding[] {
  return [...machine, ...nodes.flatMap(({ findings }) => findings)];
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
