import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { evaluate } from "./evaluate.ts";
import { coversName, touchesName } from "./name-pattern.ts";
import type { PolicyRequest } from "./policy-check.ts";
import type { Rule } from "./rule.ts";
import { fitsPattern } from "@metacircular/mcdsl/policy/text-pattern.ts";

function aRule(given: Partial<Rule> = {}): Rule {
  return {
    id: "rule",
    priority: 10,
    effect: "allow",
    accounts: [],
    kinds: [],
    roles: [],
    mounts: [],
    operations: [],
    names: [],
    wildcards: false,
    ...given,
  };
}

const agent = { name: "mcp-agent", kind: "system", roles: [] } as const;
const alice = { name: "alice", kind: "human", roles: ["user"] } as const;
const root = { name: "root", kind: "human", roles: ["admin"] } as const;

function aRequest(given: Partial<PolicyRequest> = {}): PolicyRequest {
  return { identity: agent, mount: "pki", operation: "ca/issue", names: ["a.svc.example.org"], ...given };
}

const svc = aRule({ names: ["*.svc.example.org"] });

const table: readonly {
  what: string;
  rules: readonly Rule[];
  request?: Partial<PolicyRequest>;
  allowed: boolean;
}[] = [
  ...["ceo@a.svc.example.org", "spiffe://evil.test/a.svc.example.org", "A Person .svc.example.org"].map(
    (name) => ({
      what: `a pattern of hosts does not allow ${name}`,
      rules: [svc, aRule({ names: ["**.example.org"] })],
      request: { names: [name] },
      allowed: false,
    }),
  ),
  ...["ceo@example.org", "spiffe://example.org/ceo", "2001:db8::1"].map((name) => ({
    what: `a pattern for it allows ${name}`,
    rules: [aRule({ names: ["*@example.org", "spiffe://example.org/*", "2001:db8::*"] })],
    request: { names: [name] },
    allowed: true,
  })),
  { what: "nothing is allowed without rules", rules: [], allowed: false },
  { what: "an administrator needs no rule", rules: [], request: { identity: root }, allowed: true },
  {
    what: "an administrator is not bound by a rule that denies",
    rules: [aRule({ effect: "deny" })],
    request: { identity: root },
    allowed: true,
  },
  { what: "a rule without lists allows everybody everything", rules: [aRule()], allowed: true },
  { what: "an account is named", rules: [aRule({ accounts: ["mcp-agent"] })], allowed: true },
  { what: "an account fits a pattern", rules: [aRule({ accounts: ["x", "mcp-*"] })], allowed: true },
  { what: "another account is not", rules: [aRule({ accounts: ["mcp-agent2"] })], allowed: false },
  { what: "a kind fits", rules: [aRule({ kinds: ["system"] })], allowed: true },
  { what: "another kind does not", rules: [aRule({ kinds: ["human"] })], allowed: false },
  { what: "a role fits", rules: [aRule({ roles: ["user"] })], request: { identity: alice }, allowed: true },
  { what: "a system account has no role", rules: [aRule({ roles: ["user"] })], allowed: false },
  {
    what: "all lists must match",
    rules: [aRule({ accounts: ["mcp-agent"], kinds: ["human"] })],
    allowed: false,
  },
  { what: "a mount fits", rules: [aRule({ mounts: ["p*"] })], allowed: true },
  { what: "another mount does not", rules: [aRule({ mounts: ["pki2"] })], allowed: false },
  { what: "an operation fits", rules: [aRule({ operations: ["ca/*"] })], allowed: true },
  { what: "another engine's operation does not", rules: [aRule({ operations: ["ssh/*"] })], allowed: false },
  { what: "a star stands for no slash", rules: [aRule({ operations: ["*"] })], allowed: false },
  { what: "a name fits", rules: [svc], allowed: true },
  {
    what: "a star is one label only",
    rules: [svc],
    request: { names: ["a.b.svc.example.org"] },
    allowed: false,
  },
  {
    what: "two stars are several labels",
    rules: [aRule({ names: ["**.example.org"] })],
    request: { names: ["a.b.svc.example.org"] },
    allowed: true,
  },
  {
    what: "two stars are one label at least",
    rules: [aRule({ names: ["**.example.org"] })],
    request: { names: ["example.org"] },
    allowed: false,
  },
  {
    what: "case and a final dot do not matter",
    rules: [svc],
    request: { names: ["A.SVC.example.org."] },
    allowed: true,
  },
  {
    what: "every name must be covered to be allowed",
    rules: [svc],
    request: { names: ["a.svc.example.org", "a.example.org"] },
    allowed: false,
  },
  {
    what: "a rule with names allows nothing without names",
    rules: [svc],
    request: { names: [] },
    allowed: false,
  },
  {
    what: "a wildcard is not covered by a star",
    rules: [svc],
    request: { names: ["*.svc.example.org"] },
    allowed: false,
  },
  {
    what: "a wildcard is covered where wildcards are allowed",
    rules: [aRule({ ...svc, wildcards: true })],
    request: { names: ["*.svc.example.org"] },
    allowed: true,
  },
  {
    what: "a wildcard is not covered by one of its names",
    rules: [aRule({ names: ["a.svc.example.org"], wildcards: true })],
    request: { names: ["*.svc.example.org"] },
    allowed: false,
  },
  {
    what: "wildcards need a word also without names",
    rules: [aRule()],
    request: { names: ["*.x.org"] },
    allowed: false,
  },
  {
    what: "one name that is denied denies all",
    rules: [aRule({ effect: "deny", priority: 1, names: ["secret.example.org"] }), aRule()],
    request: { names: ["a.example.org", "secret.example.org"] },
    allowed: false,
  },
  {
    what: "a wildcard that would certify a denied name is denied",
    rules: [
      aRule({ effect: "deny", priority: 1, names: ["secret.example.org"] }),
      aRule({ wildcards: true }),
    ],
    request: { names: ["*.example.org"] },
    allowed: false,
  },
  {
    what: "the smaller number goes first",
    rules: [aRule({ effect: "deny", priority: 20 }), aRule({ priority: 10 })],
    allowed: true,
  },
  {
    what: "of equal numbers the one that denies goes first",
    rules: [aRule({ id: "a" }), aRule({ id: "b", effect: "deny" })],
    allowed: false,
  },
  {
    what: "a rule that does not match decides nothing",
    rules: [aRule({ effect: "deny", priority: 1, mounts: ["other"] }), aRule()],
    allowed: true,
  },
];

describe("the policy", () => {
  for (const { what, rules, request, allowed } of table) {
    test(what, () => {
      assert.equal(evaluate(rules, aRequest(request)).allowed, allowed);
    });
  }

  test("says which rule decided", () => {
    const rules = [aRule({ id: "far", priority: 30 }), aRule({ id: "near", priority: 20, effect: "deny" })];
    assert.equal(evaluate(rules, aRequest()).rule?.id, "near");
    assert.equal(evaluate([], aRequest()).rule, undefined);
  });
});

const word = fc.constantFrom("a", "b", "svc", "org", "*", "**");
const label = fc.constantFrom("a", "b", "svc", "org");
const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."));
const asked = fc.oneof(
  name,
  name.map((rest) => `*.${rest}`),
);
const pattern = fc.array(word, { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."));
const rule = fc.record({
  id: fc.constantFrom("r1", "r2", "r3"),
  priority: fc.integer({ min: 0, max: 3 }),
  effect: fc.constantFrom("allow", "deny"),
  accounts: fc.subarray(["alice", "mcp-*"]),
  kinds: fc.subarray(["human", "system"]),
  roles: fc.subarray(["user"]),
  mounts: fc.subarray(["pki", "other"]),
  operations: fc.subarray(["ca/*", "ca/revoke"]),
  names: fc.array(pattern, { maxLength: 2 }),
  wildcards: fc.boolean(),
}) as fc.Arbitrary<Rule>;
const request = fc.record({
  identity: fc.constantFrom(agent, alice),
  mount: fc.constantFrom("pki", "other", "third"),
  operation: fc.constantFrom("ca/issue", "ca/revoke", "ssh/sign"),
  names: fc.array(asked, { maxLength: 3 }),
});

describe("the policy, whatever the rules", () => {
  test("decides the same in whatever order the rules are stored", () => {
    const unique = fc.uniqueArray(rule, { selector: ({ id }) => id, maxLength: 3 });
    fc.assert(
      fc.property(unique, request, (rules, what) => {
        assert.deepEqual(evaluate(rules, what), evaluate(rules.toReversed(), what));
      }),
    );
  });

  test("allows nothing that no rule allows, and nothing that a first rule denies", () => {
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 3 }), request, (rules, what) => {
        const denials = rules.filter(({ effect }) => effect === "deny");
        assert.equal(evaluate(denials, what).allowed, false);
        assert.equal(evaluate([...rules, aRule({ priority: -1, effect: "deny" })], what).allowed, false);
      }),
    );
  });

  test("allows several names only where it allows each alone by the same rule", () => {
    fc.assert(
      fc.property(rule, request, (one, what) => {
        const together = evaluate([one], what).allowed;
        const alone = what.names.map((each) => evaluate([one], { ...what, names: [each] }).allowed);
        if (together) assert.ok(alone.every(Boolean));
      }),
    );
  });

  test("allows a wildcard only where it allows every name that this certifies", () => {
    fc.assert(
      fc.property(rule, request, name, label, (one, what, parent, first) => {
        const wildcard = evaluate([one], { ...what, names: [`*.${parent}`] }).allowed;
        const certified = evaluate([one], { ...what, names: [`${first}.${parent}`] }).allowed;
        if (wildcard) assert.ok(certified);
      }),
    );
  });

  test("touches all that it covers", () => {
    fc.assert(
      fc.property(pattern, asked, (wanted, found) => {
        if (coversName(wanted, found)) assert.ok(touchesName(wanted, found));
      }),
    );
  });

  test("matches patterns of text as a regular expression does", () => {
    const text = fc
      .array(fc.constantFrom("a", "b", "/", "*"), { maxLength: 8 })
      .map((parts) => parts.join(""));
    const plain = text.map((any) => any.replaceAll("*", ""));
    fc.assert(
      fc.property(text, plain, (wanted, found) => {
        const expression = new RegExp(`^${wanted.replaceAll("*", "[^/]*")}$`, "u");
        assert.equal(fitsPattern(wanted, found), expression.test(found), `${wanted} ${found}`);
      }),
      { numRuns: 2_000 },
    );
  });
});
