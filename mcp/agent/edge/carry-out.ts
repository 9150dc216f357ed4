import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { describeEffect, type EdgeEffect, type Pending } from "@metacircular/mcp-core/edge/effect.ts";
import type { Intent } from "@metacircular/mcp-core/intent.ts";
import type { Registry } from "../registry/registry.ts";
import { isUnreachable } from "./reachability.ts";

/** Sets an effect or takes it away, which is written down before. Where the service does not answer the effect is left
 * pending, and nothing is thrown: the agent goes on trying. So is whatever cannot be taken away, as that must not keep
 * anything from being stopped, and whatever is refused to anything but a deploy, as that must not keep anything from
 * running or from being put back. A deploy that is refused something throws, and what was there before stands; so does
 * whatever would stop what the effect leads to until now.
 * @param context.leadsTo what that is, and what runs there; undefined: nothing does */
export async function carryOut(
  effect: Omit<EdgeEffect, "pending">,
  work: () => Promise<void>,
  context: EffectContext,
): Promise<void> {
  const { registry, clock, logger, signal, leadsTo } = context;
  const known = registry.edge.get(effect);
  const { sinceMs, attempts } = known?.pending ?? { sinceMs: clock.now(), attempts: 0 };
  registry.edge.record({
    ...effect,
    target: leadsTo ?? effect.target,
    pending: { code: "EDGE_PENDING", reason: "it was begun and is not known to be done", sinceMs, attempts },
  });
  try {
    await work();
  } catch (error) {
    signal.throwIfAborted();
    const pending = { ...reasonOf(error), sinceMs, attempts: attempts + 1 };
    if (mayWait(error, effect, context)) {
      registry.edge.record({ ...effect, pending });
      const { service } = effect;
      logger.warn({ ...pending, effect: describeEffect(effect), service }, "pending at the edge");
      return;
    }
    if (known === undefined) registry.edge.forget(effect);
    else registry.edge.record({ ...known, target: leadsTo ?? known.target, pending });
    throw error;
  }
  if (effect.wanted) registry.edge.record(effect);
  else registry.edge.forget(effect);
}

interface EffectContext {
  readonly operationId: string;
  readonly intent: Intent;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly leadsTo?: string | undefined;
}

function mayWait(
  error: unknown,
  { wanted }: Pick<EdgeEffect, "wanted">,
  { operationId, intent, registry, leadsTo }: EffectContext,
): boolean {
  if (!wanted) return true;
  if (leadsTo !== undefined) return false;
  const isRestored = registry.operations.get(operationId)?.reverting !== undefined;
  return isRestored || isUnreachable(error) || !("spec" in intent);
}

/** The reason is shown in a table. */
const reasonLength = 500;

function reasonOf(error: unknown): Pick<Pending, "code" | "reason"> {
  if (!(error instanceof DetailedError))
    return { code: "INTERNAL", reason: messageOf(error).slice(0, reasonLength) };
  const { code, attempted, subject, found } = error;
  const what = [attempted, subject].filter((part) => part !== "").join(" ");
  return { code, reason: `cannot ${what}: ${found}`.slice(0, reasonLength) };
}
