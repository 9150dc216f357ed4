import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { allowsEverybodyEverything, judgeAccess } from "../policy/judge-access.ts";
import type { RuleBook } from "../policy/rule-book.ts";
import type { TokenAccess } from "../token/registry-tokens.ts";
import type { Action, Caller, Grants } from "./access.ts";

/** What a caller may do by the rules as they are when it is asked, so that one that denies works at once.
 * @param token what the caller's token is for; undefined: it is not limited to anything */
export function grantsFor(caller: Caller, rules: { book(): RuleBook }, token?: TokenAccess): Grants {
  const isAllowed = (action: Action, repository: string): boolean =>
    judgeAccess(rules.book().access, caller, action, repository).allowed;
  const covers = (action: Action, repository: string): boolean =>
    token === undefined || token.repositories.get(repository)?.has(action) === true;
  const mayAsk = (): boolean => token === undefined || token.catalog;

  return {
    caller,
    require(action, repository) {
      if (!isAllowed(action, repository)) throw refused(caller, action, repository);
      if (!covers(action, repository)) throw otherTokenNeeded(action, repository);
    },
    may: (action, repository) => isAllowed(action, repository) && covers(action, repository),
    requireCatalog() {
      // Clients that have an account only use it where they are asked to.
      if (
        caller.kind === "anonymous" &&
        token === undefined &&
        !allowsEverybodyEverything(rules.book().access)
      ) {
        throw loginNeeded("list", "repositories");
      }
      if (!mayAsk()) throw otherTokenNeeded("list", "repositories");
    },
    lists: (repository) => mayAsk() && isAllowed("pull", repository),
  };
}

function refused(caller: Caller, action: Action, repository: string): DetailedError {
  if (caller.kind === "anonymous") return loginNeeded(verbs[action], repository);
  return new DetailedError({
    code: "DENIED",
    category: "permission-denied",
    attempted: verbs[action],
    subject: repository,
    found: `the rules do not let ${caller.name} ${action} there`,
    remedy: "ask an administrator of the registry for a rule that allows it",
    facts: { account: caller.name, action, repository },
  });
}

function loginNeeded(attempted: string, subject: string): DetailedError {
  return new DetailedError({
    code: "UNAUTHORIZED",
    category: "unauthenticated",
    attempted,
    subject,
    found: "that needs an account",
    remedy: "log in to the registry",
  });
}

function otherTokenNeeded(attempted: string, subject: string): DetailedError {
  return new DetailedError({
    code: "UNAUTHORIZED",
    category: "unauthenticated",
    attempted,
    subject,
    found: "the token is for something else",
    remedy: "get a token for this from the registry, as the answer's header says",
  });
}

const verbs: Readonly<Record<Action, string>> = {
  pull: "pull from",
  push: "push to",
  delete: "delete in",
};
