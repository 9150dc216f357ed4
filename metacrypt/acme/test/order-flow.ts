import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { eventually } from "@metacircular/testkit/eventually.ts";
import * as der from "../../ca/der/write.ts";
import { extensionRequestId } from "../../ca/der/object-identifiers.ts";
import { subjectAlternativeNames } from "../../ca/extensions.ts";
import { distinguishedName } from "../../ca/sign.ts";
import { signed } from "../../ca/signature.ts";
import type { SubjectName } from "../../ca/subject-name.ts";
import { isIP } from "node:net";
import type { RawAnswer, RawClient } from "./raw-client.ts";

/** Answers http-01 challenges: what `pages` holds by token. */
export interface ChallengePages extends AsyncDisposable {
  readonly pages: Map<string, string>;
  /** Paths that were asked for. */
  readonly asked: string[];
}

export async function serveChallenges(port: number): Promise<ChallengePages> {
  const pages = new Map<string, string>();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    const page = pages.get((request.url ?? "").split("/").at(-1) ?? "");
    response.writeHead(page === undefined ? 404 : 200).end(page);
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    pages,
    asked,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

export interface RequestOptions {
  readonly commonName?: string;
  /** PKCS #8, PEM. Default: a new one. */
  readonly privateKey?: KeyObject;
  /** Further extensions, DER. */
  readonly extensions?: readonly Buffer[];
}

/** A certificate signing request, DER in base64url. */
export async function signingRequest(
  names: readonly string[],
  options: RequestOptions = {},
): Promise<string> {
  const privateKey = options.privateKey ?? certificateKey();
  const list = der.sequence(
    ...(names.length === 0 ? [] : [subjectAlternativeNames(names.map(subjectName), false)]),
    ...(options.extensions ?? []),
  );
  const attribute = der.sequence(der.objectIdentifier(extensionRequestId), der.setOf(list));
  const request = der.sequence(
    der.integer(0),
    distinguishedName({ commonName: options.commonName ?? "" }),
    createPublicKey(privateKey).export({ type: "spki", format: "der" }),
    der.context(0, attribute),
  );
  return (await signed(request, privateKey)).toString("base64url");
}

function subjectName(value: string): SubjectName {
  return { type: isIP(value) === 0 ? "dns" : "ip", value };
}

export function certificateKey(): KeyObject {
  return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
}

export function identifiers(...names: string[]): { type: string; value: string }[] {
  return names.map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value }));
}

/** Opens an order and validates all of its authorisations by http-01. */
export async function readyOrder(
  client: RawClient,
  { pages }: ChallengePages,
  ...names: string[]
): Promise<RawAnswer & { url: string }> {
  const order = await client.post("new-order", { identifiers: identifiers(...names) });
  assert.equal(order.status, 201, order.text);
  for (const url of order.json.authorizations) await validate(client, pages, url);
  const url = String(order.headers.location);
  return { ...(await client.post(url)), url };
}

async function validate(client: RawClient, pages: Map<string, string>, url: string): Promise<void> {
  const { json } = await client.post(url);
  if (json.status === "valid") return;
  const challenge = json.challenges.find((each) => each.type === "http-01")!;
  pages.set(challenge.token, client.keyAuthorization(challenge.token));
  await client.post(challenge.url, {});
  await eventually(async () => assert.equal((await client.post(url)).json.status, "valid"));
}

/** Opens an order, validates and finalises it; returns the order and the chain in PEM. */
export async function issue(
  client: RawClient,
  pages: ChallengePages,
  names: readonly string[],
  request: RequestOptions = {},
): Promise<{ readonly order: RawAnswer; readonly url: string; readonly chain: string }> {
  const { json, url } = await readyOrder(client, pages, ...names);
  const order = await client.post(json.finalize, { csr: await signingRequest(names, request) });
  assert.equal(order.json.status, "valid", order.text);
  const { text: chain } = await client.post(order.json.certificate);
  return { order, url, chain };
}
