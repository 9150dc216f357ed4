import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { Html } from "@metacircular/mcdsl/web/html.ts";
import type { Audit } from "../audit/audit.ts";
import { isRepositoryName } from "../names.ts";
import { deleteManifest, deleteRepository, startCollection } from "./changes.ts";
import { auditFilter, auditPage } from "./pages/audit.ts";
import { collectionPage } from "./pages/collection.ts";
import { manifestPage } from "./pages/manifest.ts";
import { manifestRemovalPage, repositoryRemovalPage } from "./pages/removal.ts";
import { repositoriesPage } from "./pages/repositories.ts";
import { repositoryPage } from "./pages/repository.ts";
import { questionIn, rulesPage } from "./pages/rules.ts";
import type { Route } from "./paths.ts";
import { readManifest, readManifestRemoval } from "./read/manifest.ts";
import { readRepositories, repositoryQuery } from "./read/repositories.ts";
import { readRepository, readRepositoryRemoval, requireRepository, tagQuery } from "./read/tags.ts";
import type { Sources } from "./sources.ts";
import type { Outcome, Visit } from "./visit.ts";

type Parts = Sources & { readonly audit: Audit };
const auditPageSize = 50;
const runsShown = 20;
const itemsPageSize = 200;

/** Shows a page, or takes a form.
 * @throws DetailedError PAGE_NOT_FOUND, PERMISSION_DENIED, and those of the changes */
export async function answerVisit(parts: Parts, visit: Visit, route: Route): Promise<Outcome> {
  const isForm = visit.request.method === "POST";
  switch (route.page) {
    case "repositories":
      return showRepositories(parts, visit);
    case "repository":
      return showRepository(parts, visit, route.repository);
    case "manifest":
      return showManifest(parts, visit, route);
    case "delete-manifest":
      return isForm
        ? deleteManifest(parts, visit, route.repository, route.reference)
        : askAboutManifest(parts, visit, route);
    case "delete-repository":
      return isForm
        ? deleteRepository(parts, visit, route.repository)
        : askAboutRepository(parts, visit, route.repository);
    case "audit":
      return showAudit(parts, requireAdmin(visit));
    case "rules":
      return showRules(parts, requireAdmin(visit));
    case "collection":
      return isForm
        ? startCollection(parts, requireAdmin(visit))
        : showCollection(parts, requireAdmin(visit));
    case "login":
    case "logout":
      return { redirect: "/" };
  }
}

const underRepositories = (title: string, content: Html): Outcome => ({ title, current: "/", content });

async function showRepositories(parts: Parts, { grants, parameters, viewer }: Visit): Promise<Outcome> {
  const list = await readRepositories(parts, grants, repositoryQuery(parameters));
  return underRepositories("Repositories", repositoriesPage(list, viewer));
}

async function showRepository(parts: Parts, visit: Visit, repository: string): Promise<Outcome> {
  const view = await readRepository(parts, visit.grants, repository, tagQuery(visit.parameters));
  return underRepositories(repository, repositoryPage(view, visit.viewer));
}

type ManifestRoute = Extract<Route, { readonly reference: unknown }>;

async function showManifest(parts: Parts, visit: Visit, route: ManifestRoute): Promise<Outcome> {
  const view = await readManifest(parts, visit.grants, route.repository, route.reference);
  return underRepositories(titleOf(route), manifestPage(view, visit.viewer));
}

async function askAboutManifest(parts: Parts, visit: Visit, route: ManifestRoute): Promise<Outcome> {
  const removal = await readManifestRemoval(parts, visit.grants, route.repository, route.reference);
  visit.grants.require("delete", route.repository);
  return underRepositories(`Delete ${titleOf(route)}`, manifestRemovalPage(removal, visit.viewer));
}

async function askAboutRepository(parts: Parts, visit: Visit, repository: string): Promise<Outcome> {
  await requireRepository(parts, visit.grants, repository);
  visit.grants.require("delete", repository);
  const removal = await readRepositoryRemoval(parts, visit.grants, repository);
  return underRepositories(`Delete ${repository}`, repositoryRemovalPage(removal, visit.viewer));
}

async function showAudit({ auditStore }: Parts, { parameters, viewer }: Visit): Promise<Outcome> {
  const filter = auditFilter(parameters);
  const entries = await auditStore.list(filter, auditPageSize + 1);
  const shown = entries.slice(0, auditPageSize);
  const content = auditPage(filter, shown, entries.length > shown.length, viewer);
  return { title: "Audit", current: "/audit", content };
}

async function showRules({ rules }: Parts, { parameters }: Visit): Promise<Outcome> {
  const question = questionIn(parameters);
  const { account: name, kind, roles } = question ?? { account: "", kind: "human", roles: [] };
  const isSound = question !== undefined && isRepositoryName(question.repository);
  const verdict = isSound
    ? rules.explain({ kind, name, roles }, question.action, question.repository)
    : undefined;
  const content = rulesPage(rules.book(), question, verdict);
  return { title: "Rules", current: "/rules", content };
}

async function showCollection({ collection }: Parts, { parameters, viewer }: Visit): Promise<Outcome> {
  const runs = await collection.runs(runsShown);
  const run = runs.find(({ id }) => String(id) === parameters.get("run"));
  const after = Number(parameters.get("after") ?? 0);
  const page = { after: Number.isSafeInteger(after) ? after : 0, limit: itemsPageSize };
  const items = run === undefined ? [] : await collection.items(run.id, page);
  const details = run && { run, items, hasMore: items.length === itemsPageSize };
  const content = collectionPage(runs, details, viewer);
  return { title: "Garbage collection", current: "/collection", content };
}

function titleOf({ repository, reference }: ManifestRoute): string {
  return typeof reference === "string" ? `${repository}@${reference}` : `${repository}:${reference.tag}`;
}

/** @throws DetailedError PERMISSION_DENIED */
function requireAdmin(visit: Visit): Visit {
  if (visit.viewer.isAdmin) return visit;
  throw new DetailedError({
    code: "PERMISSION_DENIED",
    category: "permission-denied",
    attempted: "show the page",
    subject: visit.path,
    found: `the account ${visit.caller.name} does not have the role admin`,
    remedy: "log in as an administrator",
  });
}
