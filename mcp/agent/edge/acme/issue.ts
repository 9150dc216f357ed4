import type { KeyObject } from "node:crypto";
import { z } from "zod";
import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { Challenger } from "./challenges.ts";
import { certificateRequest } from "./certificate-request.ts";
import { acmeError, acmeInvalid } from "./problem.ts";
import type { About, AcmeSession } from "./session.ts";

const problemSchema = z.looseObject({ type: z.string(), detail: z.string() }).partial();
const challengeSchema = z.looseObject({
  type: z.string(),
  url: z.url(),
  token: z.string().optional(),
  status: z.string(),
  error: problemSchema.optional(),
});
const authorizationSchema = z.looseObject({
  status: z.string(),
  challenges: z.array(challengeSchema),
});
const orderSchema = z.looseObject({
  status: z.string(),
  authorizations: z.array(z.url()),
  finalize: z.url(),
  certificate: z.url().optional(),
  error: problemSchema.optional(),
});

const firstPollMs = 100;
const longestPollMs = 3_000;

/** Orders a certificate for one host name (RFC 8555, section 7.4): proves it by the challenger, and returns the
 * certificate and its chain in PEM. Cleans its challenges up, also where it fails. The signal ends it.
 * @throws DetailedError ACME_UNAVAILABLE, ACME_REFUSED, ACME_INVALID, and those of the challenger */
export async function issueCertificate(
  hostname: string,
  key: KeyObject,
  parts: { session: AcmeSession; challenger: Challenger; clock: Clock; signal: AbortSignal },
): Promise<string> {
  const { session, challenger, clock, signal } = parts;
  const about: About = { attempted: "get a certificate for", subject: hostname, signal };

  async function poll<Schema extends z.ZodType<{ status: string }>>(
    url: string,
    schema: Schema,
    waiting: readonly string[],
  ): Promise<z.output<Schema>> {
    for (let delayMs = firstPollMs; ; delayMs = Math.min(delayMs * 2, longestPollMs)) {
      const found = parsed(schema, (await session.post(url, undefined, about)).body, hostname);
      if (!waiting.includes(found.status)) return found;
      await clock.sleep(delayMs, signal);
    }
  }

  async function authorize(url: string): Promise<void> {
    const { status, challenges } = await poll(url, authorizationSchema, []);
    if (status === "valid") return;
    const challenge = challenges.find(({ type }) => type === challenger.type);
    if (challenge?.token === undefined) {
      const offered = challenges.map(({ type }) => type).join(", ");
      throw acmeInvalid(
        about.attempted,
        hostname,
        `the authority offers no ${challenger.type}, only ${offered}`,
      );
    }
    await using _answered = await challenger.answer(hostname, challenge.token, signal);
    await session.post(challenge.url, {}, about);
    const ended = await poll(url, authorizationSchema, ["pending", "processing"]);
    if (ended.status === "valid") return;
    const error = ended.challenges.find(({ type }) => type === challenger.type)?.error ?? {};
    throw acmeError(error, { ...about, status: 0 });
  }

  const identifiers = [{ type: "dns", value: hostname }];
  const placed = await session.post(await session.newOrderUrl(signal), { identifiers }, about);
  const orderUrl = placed.headers.location;
  if (orderUrl === undefined) throw acmeInvalid(about.attempted, hostname, "the order has no URL");
  for (const url of parsed(orderSchema, placed.body, hostname).authorizations) await authorize(url);
  const ready = await poll(orderUrl, orderSchema, ["pending"]);
  if (ready.status === "ready") {
    const csr = certificateRequest(hostname, key).toString("base64url");
    await session.post(ready.finalize, { csr }, about);
  }
  const order = await poll(orderUrl, orderSchema, ["ready", "processing"]);
  if (order.certificate === undefined) throw acmeError(order.error ?? {}, { ...about, status: 0 });
  const { body } = await session.post(order.certificate, undefined, about);
  if (typeof body !== "string" || !body.includes("BEGIN CERTIFICATE"))
    throw acmeInvalid(about.attempted, hostname, "what was sent is no certificate");
  return body;
}

function parsed<Schema extends z.ZodType>(schema: Schema, body: unknown, hostname: string): z.output<Schema> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw acmeInvalid("get a certificate for", hostname, "the authority's answer is not as RFC 8555 says");
}
