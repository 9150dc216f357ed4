import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type ApiService, apiService } from "@metacircular/mcdsl/server/api-server.ts";
import { RepositoryService } from "@metacircular/proto/gen/mcr/v1/registry_pb.ts";
import type { Caller } from "../access/access.ts";
import type { Audit } from "../audit/audit.ts";
import type { PullStore } from "../audit/pull-store.ts";
import { type Digest, parseDigest } from "../digest.ts";
import type { Metadata, RepositorySummary, Tag } from "../metadata/metadata.ts";
import { isRepositoryName, isTag } from "../names.ts";
import type { Rules } from "../policy/rules.ts";
import { manifestUnknown, repositoryUnknown } from "../registry/errors.ts";
import type { Registry, Reference } from "../registry/registry.ts";
import { removing } from "./audited-removal.ts";
import { requestOf, requireAccess, requireDigest } from "./caller.ts";
import { manifestMessage } from "./manifest-message.ts";
import { isMovable } from "./movable.ts";
import { keyOf, limitOf, pageOf, pageTokenOf } from "./page.ts";

export interface RepositoryServiceParts {
  readonly registry: Registry;
  readonly metadata: Metadata;
  readonly rules: Rules;
  readonly pulls: PullStore;
  readonly audit: Audit;
}

/** Repositories looked at for one page: who may see few of many gets shorter pages. */
const lookAtOnce = 200;
const mostLookedAt = 5_000;

/** What is in the registry, by gRPC and REST. */
export function repositoryService(parts: RepositoryServiceParts): ApiService {
  const { registry, metadata, rules, pulls, audit } = parts;
  const show = (summary: RepositorySummary) => repositoryMessage(summary, rules);
  return apiService(RepositoryService, {
    async listRepositories({ limit, pageToken }, context) {
      const { caller } = requestOf(context);
      const found = await visibleTo(caller, parts, { after: keyOf(pageToken), limit: limitOf(limit) });
      return { repositories: found.page.map(show), nextPageToken: found.nextPageToken };
    },
    async getRepository({ name }, context) {
      requireAccess(rules, requestOf(context).caller, "pull", name);
      return show(await requireRepository(metadata, name));
    },
    async deleteRepository({ name }, context) {
      const { caller, address } = requestOf(context);
      const about = {
        caller,
        address,
        action: "delete-repository",
        repository: name,
        reference: "",
      } as const;
      await removing(audit, about, async () => {
        requireAccess(rules, caller, "delete", name);
        const mayDelete = (tag: string, from: Digest): void => rules.requireMovable(name, tag, { from });
        if (!(await metadata.deleteRepository(name, mayDelete))) throw repositoryUnknown(name);
        return { digest: "", detail: "" };
      });
      return {};
    },
    async listTags({ repository, limit: wanted, pageToken }, context) {
      requireAccess(rules, requestOf(context).caller, "pull", repository);
      const limit = limitOf(wanted);
      const tags = await metadata.tags(repository, { after: keyOf(pageToken), limit: limit + 1 });
      if (tags === undefined) throw repositoryUnknown(repository);
      const { page, nextPageToken } = pageOf(tags, limit, ({ name }) => name);
      return { tags: page.map((tag) => tagMessage(tag, repository, rules)), nextPageToken };
    },
    async deleteTag({ repository, tag }, context) {
      const { caller, address } = requestOf(context);
      const about = { caller, address, action: "delete-tag", repository, reference: tag } as const;
      const digest = await removing(audit, about, async () => {
        requireAccess(rules, caller, "delete", repository);
        return { digest: await registry.deleteTag(repository, tag), detail: "" };
      });
      return { digest };
    },
    async getManifest({ repository, reference }, context) {
      requireAccess(rules, requestOf(context).caller, "pull", repository);
      const manifest = await registry.manifest(repository, referenceOf(repository, reference));
      return manifestMessage(manifest, await metadata.tagsOf(repository, manifest.digest));
    },
    async deleteManifest({ repository, digest: text }, context) {
      const { caller, address } = requestOf(context);
      const about = { caller, address, action: "delete-manifest", repository, reference: text } as const;
      let tags: readonly string[] = [];
      await removing(audit, about, async () => {
        requireAccess(rules, caller, "delete", repository);
        const digest = requireDigest(text);
        tags = await registry.deleteManifest(repository, digest);
        return { digest, detail: tags.length === 0 ? "" : `with the tags ${tags.join(" ")}` };
      });
      return { tags: [...tags] };
    },
    async listReferrers({ repository, digest, artifactType, limit: wanted, pageToken }, context) {
      requireAccess(rules, requestOf(context).caller, "pull", repository);
      const subject = requireDigest(digest);
      const filter = artifactType === "" ? {} : { artifactType };
      const after = keyOf(pageToken);
      const page = await registry.referrers(repository, subject, {
        after,
        limit: limitOf(wanted),
        ...filter,
      });
      const last = page.at(-1)?.digest;
      const next =
        last === undefined
          ? []
          : await registry.referrers(repository, subject, { after: last, limit: 1, ...filter });
      const referrers = page.map(({ sizeBytes, annotations, ...referrer }) => ({
        ...referrer,
        sizeBytes: BigInt(sizeBytes),
        annotations: { ...annotations },
      }));
      return { referrers, nextPageToken: last === undefined || next.length === 0 ? "" : pageTokenOf(last) };
    },
    async listPulls({ repository, limit }) {
      const found = await pulls.list(repository, limitOf(limit));
      const shown = found.map(({ caller, pulls: count, lastAtMs, digest, reference }) => ({
        digest,
        reference,
        account: caller.name,
        accountKind: caller.kind,
        count: BigInt(count),
        last: timestampFromMs(lastAtMs),
      }));
      return { pulls: shown };
    },
  });
}

async function visibleTo(
  caller: Caller,
  { metadata, rules }: RepositoryServiceParts,
  { after, limit }: { after: string; limit: number },
): Promise<{ page: readonly RepositorySummary[]; nextPageToken: string }> {
  const visible: RepositorySummary[] = [];
  let last = after;
  for (let lookedAt = 0; lookedAt < mostLookedAt; lookedAt += lookAtOnce) {
    const found = await metadata.summaries({ after: last, limit: lookAtOnce });
    visible.push(...found.filter(({ name }) => rules.explain(caller, "pull", name).allowed));
    if (visible.length > limit) return pageOf(visible, limit, ({ name }) => name);
    last = found.at(-1)?.name ?? last;
    if (found.length < lookAtOnce) return { page: visible, nextPageToken: "" };
  }
  return { page: visible, nextPageToken: pageTokenOf(last) };
}

function repositoryMessage(summary: RepositorySummary, rules: Rules) {
  const { name, tags, manifests, sizeBytes, lastPushAtMs, lastPullAtMs } = summary;
  const quota = rules.quotaBytes(name);
  return {
    name,
    tags,
    manifests,
    sizeBytes: BigInt(sizeBytes),
    ...(lastPushAtMs === 0 ? {} : { lastPush: timestampFromMs(lastPushAtMs) }),
    ...(lastPullAtMs === 0 ? {} : { lastPull: timestampFromMs(lastPullAtMs) }),
    ...(quota === undefined ? {} : { quotaBytes: BigInt(quota) }),
  };
}

function tagMessage({ name, digest, updatedAtMs, updatedBy }: Tag, repository: string, rules: Rules) {
  const immutable = !isMovable(rules, repository, name, digest);
  return { name, digest, updated: timestampFromMs(updatedAtMs), updatedBy, immutable };
}

async function requireRepository(metadata: Metadata, name: string): Promise<RepositorySummary> {
  const summary = isRepositoryName(name) ? await metadata.repository(name) : undefined;
  if (summary === undefined) throw repositoryUnknown(name.slice(0, 255));
  return summary;
}

function referenceOf(repository: string, text: string): Reference {
  const digest = parseDigest(text);
  if (digest !== undefined) return digest;
  if (isTag(text)) return { tag: text };
  throw manifestUnknown(repository, text.slice(0, 160));
}
