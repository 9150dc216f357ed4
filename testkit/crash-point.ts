import { existsSync, readFileSync, rmSync } from "node:fs";
import type { Executors } from "@metacircular/mcp-agent/deploy/executors.ts";
import type { Edge } from "@metacircular/mcp-agent/edge/edge.ts";
import type { Executor, StepContext } from "@metacircular/mcp-agent/deploy/step-context.ts";
import type { Step, StepKind } from "@metacircular/mcp-core/step.ts";

export const crashMoments = ["before", "inside", "after"] as const;
export type CrashMoment = (typeof crashMoments)[number];

/** Where the agent is to die. `inside`: when the step's first request to the runtime is under way, within its
 * first write to the registry, or else once it has begun. `after`: when it has succeeded or failed. */
export interface CrashPoint {
  readonly kind: StepKind;
  readonly moment: CrashMoment;
  /** Which step of that kind, counted from 0 over one operation. */
  readonly occurrence: number;
}

/** Executors that end the process with SIGKILL at the point described in `file`, once, where the file exists
 * when the step begins. */
export function crashingExecutors(executors: Executors, file: string): Executors {
  const seen = new Map<string, number>();
  const wrapped = Object.entries(executors).map(([kind, inner]) => {
    const execute = inner as Executor<Step>;
    const crashing: Executor<Step> = async (step, context) => {
      const occurrenceKey = `${context.operationId} ${kind}`;
      const occurrence = seen.get(occurrenceKey) ?? 0;
      seen.set(occurrenceKey, occurrence + 1);
      const point = readPoint(file);
      if (point?.kind !== kind || point.occurrence !== occurrence) return execute(step, context);
      rmSync(file);
      if (point.moment === "before") die();
      if (point.moment === "inside") return dieInside(execute, step, context);
      return execute(step, context).finally(die);
    };
    return [kind, crashing];
  });
  return Object.fromEntries(wrapped) as Executors;
}

function readPoint(file: string): CrashPoint | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as CrashPoint) : undefined;
}

function die(): void {
  process.kill(process.pid, "SIGKILL");
}

/** Time for a request to reach the runtime and for the runtime to begin with it. */
const requestMs = 4;

async function dieInside(execute: Executor<Step>, step: Step, context: StepContext): Promise<void> {
  const runtime = calling(context.runtime, () => setTimeout(die, requestMs));
  const { registry } = context;
  const tables = Object.fromEntries(
    (["services", "components", "operations", "revisions"] as const).map((table) => [
      table,
      calling<object>(registry[table], die),
    ]),
  );
  const edge = context.edge && dyingEdge(context.edge, () => setTimeout(die, requestMs));
  await execute(step, { ...context, runtime, edge, registry: { ...registry, ...tables } }).finally(die);
}

/** The same services; once they are asked for something `asked` is called. */
function dyingEdge(edge: Edge, asked: () => void): Edge {
  const { routes, names, certificates } = edge;
  return {
    ...edge,
    routes: routes && calling(routes, asked),
    names: names && { ...names, records: calling(names.records, asked) },
    certificates: certificates && { ...certificates, issuer: calling(certificates.issuer, asked) },
  };
}

/** The same object; after each of its methods was called, `afterwards` is. */
function calling<Target extends object>(target: Target, afterwards: () => void): Target {
  return new Proxy(target, {
    get(object, property) {
      const member: unknown = Reflect.get(object, property);
      if (typeof member !== "function") return member;
      return (...args: unknown[]): unknown => {
        const result: unknown = Reflect.apply(member, object, args);
        afterwards();
        return result;
      };
    },
  });
}
