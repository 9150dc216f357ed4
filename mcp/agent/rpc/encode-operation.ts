import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { sentence } from "@metacircular/mcdsl/errors.ts";
import { describeStep } from "@metacircular/mcp-core/describe-step.ts";
import type {
  ComponentOutcome,
  ComponentResult,
  Failure,
  OperationOutcome,
  PendingEffect,
} from "@metacircular/mcp-core/outcome.ts";
import type { ComponentChange } from "@metacircular/mcp-core/plan-changes.ts";
import type { Step } from "@metacircular/mcp-core/step.ts";
import { type ErrorDetail, ErrorDetailSchema } from "@metacircular/proto/gen/mcdsl/v1/error_pb.ts";
import {
  type ComponentChangeSchema,
  ComponentOutcome as ComponentOutcomeMessage,
  type ComponentResultSchema,
  type OperationInfoSchema,
  OperationOutcome as OperationOutcomeMessage,
  type PendingEffectSchema,
  type PlannedStepSchema,
} from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import type { OperationRecord } from "../registry/operations.ts";

export const outcomeMessages: Record<OperationOutcome, OperationOutcomeMessage> = {
  succeeded: OperationOutcomeMessage.SUCCEEDED,
  unchanged: OperationOutcomeMessage.UNCHANGED,
  "partly-failed": OperationOutcomeMessage.PARTLY_FAILED,
  restored: OperationOutcomeMessage.RESTORED,
  failed: OperationOutcomeMessage.FAILED,
};

const componentOutcomes: Record<ComponentOutcome, ComponentOutcomeMessage> = {
  changed: ComponentOutcomeMessage.CHANGED,
  unchanged: ComponentOutcomeMessage.UNCHANGED,
  restored: ComponentOutcomeMessage.RESTORED,
  failed: ComponentOutcomeMessage.FAILED,
  skipped: ComponentOutcomeMessage.SKIPPED,
};

export function encodeOutcome(outcome: OperationOutcome | undefined): OperationOutcomeMessage {
  return outcome === undefined ? OperationOutcomeMessage.UNSPECIFIED : outcomeMessages[outcome];
}

export function encodeFailure({ output, facts, ...failure }: Failure): ErrorDetail {
  return create(ErrorDetailSchema, { ...failure, output: [...output], facts: { ...facts } });
}

export function encodeStep(service: string, step: Step): MessageInitShape<typeof PlannedStepSchema> {
  return { kind: step.kind, component: step.component, description: describeStep(service, step) };
}

export function encodeChange(change: ComponentChange): MessageInitShape<typeof ComponentChangeSchema> {
  return { ...change, fields: change.fields.map((field) => ({ ...field })) };
}

/** `error` is the whole story in a sentence, for clients that know nothing of `detail`. */
export function encodeResult({
  component,
  outcome,
  failure,
  pending = [],
}: ComponentResult): MessageInitShape<typeof ComponentResultSchema> {
  return {
    name: component,
    success: outcome === "changed" || outcome === "unchanged",
    error: failure === undefined ? skippedText(outcome) : sentence(failure),
    ...(failure === undefined ? {} : { detail: encodeFailure(failure) }),
    outcome: componentOutcomes[outcome],
    pending: pending.map((effect) => encodePending(effect, { component })),
  };
}

/** @param about.service left out where the message around it names it */
export function encodePending(
  { effect, code, reason, sinceMs }: PendingEffect,
  about: { service?: string; component: string },
): MessageInitShape<typeof PendingEffectSchema> {
  return { effect, code, reason, since: timestampFromMs(sinceMs), ...about };
}

function skippedText(outcome: ComponentOutcome): string {
  return outcome === "skipped" ? "not attempted, because another component failed" : "";
}

export function encodeOperation(record: OperationRecord): MessageInitShape<typeof OperationInfoSchema> {
  const failure = record.results.find((result) => result.failure !== undefined)?.failure;
  return {
    id: record.id,
    kind: record.kind,
    service: record.service,
    component: record.component,
    caller: record.caller,
    started: timestampFromMs(record.startedAtMs),
    ...(record.finishedAtMs === 0 ? {} : { finished: timestampFromMs(record.finishedAtMs) }),
    outcome: encodeOutcome(record.outcome),
    step: record.step,
    steps: record.steps.map((step) => encodeStep(record.service, step)),
    ...(failure === undefined ? {} : { error: encodeFailure(failure) }),
  };
}
