/** What says when a rule is asked. */
export interface Ranked {
  readonly id: string;
  readonly priority: number;
  readonly effect: "allow" | "deny";
}

/** The order in which rules are asked: by priority; of equal ones those that deny first, then by id. */
export function compareRules(a: Ranked, b: Ranked): number {
  if (a.priority !== b.priority) return a.priority - b.priority;
  if (a.effect !== b.effect) return a.effect === "deny" ? -1 : 1;
  return a.id < b.id ? -1 : Number(a.id > b.id);
}
