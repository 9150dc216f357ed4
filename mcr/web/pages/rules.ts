import { attribute, type Content, html, type Html } from "@metacircular/mcdsl/web/html.ts";
import { notice } from "@metacircular/mcdsl/web/page.ts";
import { sizeText } from "@metacircular/mcdsl/size-text.ts";
import type { Action, Caller } from "../../access/access.ts";
import type { AccessRule } from "../../policy/access-rule.ts";
import type { Verdict } from "../../policy/judge-access.ts";
import type { RuleLists } from "../../policy/rule-book.ts";
import { describeRetention } from "../read/retention-hint.ts";

/** Whether somebody may do something. */
export interface Question {
  readonly account: string;
  readonly kind: Caller["kind"];
  readonly roles: readonly string[];
  readonly action: Action;
  readonly repository: string;
}

const kinds: readonly Caller["kind"][] = ["human", "system", "anonymous"];
const actions: readonly Action[] = ["pull", "push", "delete"];

/** Undefined: none was asked. The repository is as somebody wrote it. */
export function questionIn(parameters: URLSearchParams): Question | undefined {
  const repository = (parameters.get("repository") ?? "").trim().slice(0, 255);
  if (repository === "") return undefined;
  const roles = (parameters.get("roles") ?? "").slice(0, 500).split(/[\s,]+/);
  const kind = kinds.find((known) => known === parameters.get("kind")) ?? "human";
  return {
    account: kind === "anonymous" ? "" : (parameters.get("account") ?? "").trim().slice(0, 255),
    kind,
    roles: kind === "anonymous" ? [] : roles.filter((role) => role !== ""),
    action: actions.find((known) => known === parameters.get("action")) ?? "pull",
    repository,
  };
}

/** All rules in the order in which they are asked, and a question to them.
 * @param verdict undefined: none was asked, or its repository cannot be */
export function rulesPage(
  rules: RuleLists,
  question: Question | undefined,
  verdict: Verdict | undefined,
): Html {
  return html`<h1>Rules</h1>
    <section class="card" aria-labelledby="explain">
      <h2 id="explain">Who may do what?</h2>
      ${question !== undefined && (verdict === undefined ? noRepository(question) : answer(question, verdict))}
      ${questionForm(question)}
    </section>
    ${section("access", "Access", "The first rule that matches decides. Where none does, nothing is allowed.", rules.access.map(accessRow))}
    ${section(
      "immutability",
      "Tags that stay",
      "The first rule that matches decides.",
      rules.immutability.map(({ id, priority, repositories, tags, immutable, deletable }) => [
        id,
        String(priority),
        `${immutable ? "immutable" : "may move"}${immutable && deletable ? ", may be deleted" : ""}`,
        html`Tags ${patterns(tags)} in ${repositoriesText(repositories)}`,
      ]),
    )}
    ${section(
      "quotas",
      "Quotas",
      "The first rule that matches decides. Without one a repository is unlimited.",
      rules.quota.map(({ id, priority, repositories, bytes }) => [
        id,
        String(priority),
        sizeText(bytes),
        html`Each of ${repositoriesText(repositories)}`,
      ]),
    )}
    ${section(
      "retention",
      "Retention",
      "What garbage collection removes besides what nothing needs. The first rule that matches decides.",
      rules.retention.map((rule) => [
        rule.id,
        String(rule.priority),
        describeRetention(rule),
        html`Each of <code>${rule.repositories}</code>`,
      ]),
    )}
    <p class="quiet">
      Rules are changed by the command line: <code>mcr policy</code>, <code>mcr immutable</code>,
      <code>mcr quota</code>, <code>mcr retention</code>.
    </p>`;
}

const prepositions: Readonly<Record<Action, string>> = { pull: "from", push: "to", delete: "in" };

function answer({ account, kind, action, repository }: Question, { allowed, reason }: Verdict): Html {
  const who = kind === "anonymous" ? "Anybody" : account === "" ? `Some ${kind} account` : account;
  return notice(
    allowed ? "done" : "problem",
    html`${who} <strong>${allowed ? "may" : "may not"} ${action}</strong> ${prepositions[action]}
      ${repository}: ${reason}.`,
  );
}

function noRepository({ repository }: Question): Html {
  return notice(
    "problem",
    html`“${repository}” cannot be the name of a repository: give one, such as team/app, without the address
    of the registry.`,
  );
}

function questionForm(question: Question | undefined): Html {
  const options = (known: readonly string[], chosen: string | undefined): Content =>
    known.map((value) => html`<option ${attribute("selected", value === chosen)}>${value}</option>`);
  return html`<form class="row" method="get" action="/rules">
    <div class="grow">
      <label for="account">Account</label>
      <input
        id="account"
        name="account"
        value="${question?.account ?? ""}"
        maxlength="255"
        autocapitalize="none"
        spellcheck="false"
      />
    </div>
    <div>
      <label for="kind">Kind</label>
      <select id="kind" name="kind">
        ${options(kinds, question?.kind)}
      </select>
    </div>
    <div class="grow">
      <label for="roles">Roles</label>
      <input
        id="roles"
        name="roles"
        value="${question?.roles.join(" ") ?? ""}"
        maxlength="500"
        autocapitalize="none"
        spellcheck="false"
      />
    </div>
    <div>
      <label for="action">Action</label>
      <select id="action" name="action">
        ${options(actions, question?.action)}
      </select>
    </div>
    <div class="grow">
      <label for="repository">Repository</label>
      <input
        id="repository"
        name="repository"
        value="${question?.repository ?? ""}"
        required
        maxlength="255"
        autocapitalize="none"
        spellcheck="false"
      />
    </div>
    <button>Explain</button>
  </form>`;
}

type Row = readonly [id: string, priority: string, effect: Content, about: Content];

function section(id: string, title: string, order: string, rows: readonly Row[]): Html {
  return html`<section class="card" aria-labelledby="${id}-rules">
    <h2 id="${id}-rules">${title}</h2>
    <p class="quiet">${order}</p>
    ${
      rows.length === 0
        ? html`<p class="quiet">There is no rule.</p>`
        : html`<table>
            <thead>
              <tr>
                <th scope="col">Rule</th>
                <th scope="col" class="number">Priority</th>
                <th scope="col">Effect</th>
                <th scope="col">About</th>
              </tr>
            </thead>
            <tbody>
              ${rows.map(
                ([name, priority, effect, about]) =>
                  html`<tr>
                    <td><span class="name">${name}</span></td>
                    <td class="number" data-label="Priority">${priority}</td>
                    <td data-label="Effect"><span>${effect}</span></td>
                    <td data-label="About"><span>${about}</span></td>
                  </tr>`,
              )}
            </tbody>
          </table>`
    }
  </section>`;
}

function accessRow(rule: AccessRule): Row {
  const { id, priority, effect, accounts, kinds, roles, repositories, actions } = rule;
  const who = [
    accounts.length > 0 && html`accounts ${patterns(accounts)}`,
    kinds.length > 0 && html`kinds ${patterns(kinds)}`,
    roles.length > 0 && html`roles ${patterns(roles)}`,
  ].filter((part) => part !== false);
  return [
    id,
    String(priority),
    html`<span class="chip ${effect === "allow" ? "strong" : "bad"}">${effect}</span>`,
    html`${who.length === 0 ? "everybody" : who.map((part, index) => [index > 0 && " and ", part])}:
    ${actions.length === 0 ? "everything" : actions.join(", ")} in ${repositoriesText(repositories)}`,
  ];
}

function repositoriesText(list: readonly string[]): Content {
  return list.length === 0 ? "all repositories" : patterns(list);
}

function patterns(list: readonly string[]): Content {
  return list.length === 0
    ? "all"
    : list.map((pattern, index) => [index > 0 && ", ", html`<code>${pattern}</code>`]);
}
