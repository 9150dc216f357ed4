import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { readForm } from "@metacircular/mcdsl/web/form.ts";
import { requireOwnForm } from "@metacircular/mcdsl/web/form-token.ts";
import type { Audit, AuditEntry } from "../audit/audit.ts";
import type { Digest } from "../digest.ts";
import { manifestPath, repositoryPath } from "./paths.ts";
import { readManifestRemoval } from "./read/manifest.ts";
import { readRepositoryRemoval } from "./read/tags.ts";
import type { Sources } from "./sources.ts";
import type { Outcome, Visit } from "./visit.ts";

type Parts = Sources & { readonly audit: Audit };

/** Deletes a tag or a manifest, if it is what the page before showed.
 * @throws DetailedError also FORM_REFUSED, DENIED, SHOWN_BEFORE_CHANGE, TAG_IMMUTABLE, MANIFEST_IN_USE */
export async function deleteManifest(
  parts: Parts,
  visit: Visit,
  repository: string,
  reference: Digest | { readonly tag: string },
): Promise<Outcome> {
  const form = await ownForm(visit);
  const isTag = typeof reference !== "string";
  const entry = {
    action: isTag ? "delete-tag" : "delete-manifest",
    repository,
    reference: isTag ? reference.tag : reference,
  } as const;
  return audited(parts, visit, entry, async () => {
    const removal = await readManifestRemoval(parts, visit.grants, repository, reference);
    visit.grants.require("delete", repository);
    if (removal.digest !== form.get("digest")) throw shownBefore(manifestPath(repository, reference));
    if (isTag) await parts.registry.deleteTag(repository, reference.tag);
    else await parts.registry.deleteManifest(repository, reference);
    const what = isTag ? `The tag ${reference.tag}` : `The manifest ${reference}`;
    visit.loggedIn.session.flash = { kind: "done", text: `${what} is deleted.` };
    return { digest: removal.digest, redirect: repositoryPath(repository) };
  });
}

/** Deletes a repository whose name was typed.
 * @throws DetailedError also FORM_REFUSED, DENIED, TAG_IMMUTABLE */
export async function deleteRepository(parts: Parts, visit: Visit, repository: string): Promise<Outcome> {
  const form = await ownForm(visit);
  const entry = { action: "delete-repository", repository, reference: "" } as const;
  if (form.get("name")?.trim() !== repository) {
    visit.loggedIn.session.flash = {
      kind: "problem",
      text: "That was not the name of the repository. Nothing was deleted.",
    };
    return { redirect: `${repositoryPath(repository)}/-/delete` };
  }
  return audited(parts, visit, entry, async () => {
    const { tags } = await readRepositoryRemoval(parts, visit.grants, repository);
    visit.grants.require("delete", repository);
    await parts.metadata.deleteRepository(repository, (tag) => {
      const from = tags.get(tag);
      // A tag that came since is asked about at the next attempt.
      if (from === undefined) throw shownBefore(repositoryPath(repository));
      parts.rules.requireMovable(repository, tag, { from });
    });
    visit.loggedIn.session.flash = { kind: "done", text: `The repository ${repository} is deleted.` };
    return { digest: "", redirect: "/" };
  });
}

/** Begins a garbage collection. */
export async function startCollection(
  { collection }: Pick<Sources, "collection">,
  visit: Visit,
): Promise<Outcome> {
  const form = await ownForm(visit);
  const dryRun = form.get("what") !== "run";
  await collection.start({ dryRun, by: visit.caller.name });
  const text = dryRun ? "The dry run has begun. It removes nothing." : "Garbage collection has begun.";
  visit.loggedIn.session.flash = { kind: "done", text };
  return { redirect: "/collection" };
}

async function ownForm({ request, loggedIn }: Visit): Promise<ReadonlyMap<string, string>> {
  const form = await readForm(request);
  requireOwnForm(request, loggedIn.session, form);
  return form;
}

async function audited(
  { audit }: Parts,
  { caller, address }: Visit,
  about: Pick<AuditEntry, "action" | "repository" | "reference">,
  change: () => Promise<{ readonly digest: string; readonly redirect: string }>,
): Promise<Outcome> {
  const entry = { ...about, caller: { kind: caller.kind, name: caller.name }, address };
  try {
    const { digest, redirect } = await change();
    audit.record({ ...entry, outcome: "ok", digest, detail: "" });
    return { redirect };
  } catch (thrown) {
    const isDenied = thrown instanceof DetailedError && thrown.category === "permission-denied";
    const detail = thrown instanceof DetailedError ? thrown.code : "";
    audit.record({ ...entry, outcome: isDenied ? "denied" : "failed", digest: "", detail });
    throw thrown;
  }
}

function shownBefore(path: string): DetailedError {
  return new DetailedError({
    code: "SHOWN_BEFORE_CHANGE",
    category: "aborted",
    attempted: "delete",
    subject: path,
    found: "it is not what the page showed any more: somebody pushed meanwhile",
    remedy: "look at it again, and delete what you then see",
  });
}
