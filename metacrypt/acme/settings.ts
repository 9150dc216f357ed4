import { z } from "zod";
import { challengeTypes } from "./authorization.ts";

const hour = 3_600;
const day = 24 * hour;

/** How a mount answers ACME clients. Stored with the mount; lifetimes in whole seconds. */
export const acmeSettingsSchema = z.strictObject({
  enabled: z.boolean().default(true),
  /** Whether opening an account takes a binding. Without, everybody who reaches the server may open one, and acts
   * as subject `acme`. */
  externalAccountRequired: z.boolean().default(true),
  /** Profile of the certificates. */
  profile: z.string().min(1).max(64).default("server"),
  /** 0: the profile's default. */
  certificateLifetimeSeconds: z
    .int()
    .min(0)
    .max(3_650 * day)
    .default(0),
  /** Shown to clients, who then must agree. Empty: there are none. */
  termsOfServiceUrl: z.union([z.literal(""), z.url({ protocol: /^https?$/ })]).default(""),
  websiteUrl: z.union([z.literal(""), z.url({ protocol: /^https?$/ })]).default(""),
  challengeTypes: z
    .array(z.enum(challengeTypes))
    .min(1)
    .default([...challengeTypes]),
  orderLifetimeSeconds: z
    .int()
    .min(1)
    .max(30 * day)
    .default(day),
  /** How long a validated authorisation may be used for further orders; 0: for its own order only. */
  authorizationReuseSeconds: z
    .int()
    .min(0)
    .max(90 * day)
    .default(7 * day),
  identifiersPerOrder: z.int().min(1).max(100).default(100),
  /** New orders of one account per hour. */
  ordersPerAccountHour: z.int().min(1).max(100_000).default(300),
  /** New orders per hour that name one identifier, whoever's; renewals that say what they replace do not count. */
  ordersPerIdentifierHour: z.int().min(1).max(100_000).default(50),
  /** Failed validations of one account for one identifier per hour. */
  failuresPerIdentifierHour: z.int().min(1).max(100_000).default(20),
  /** New accounts per hour from one client address. */
  accountsPerAddressHour: z.int().min(1).max(100_000).default(100),
});

export type AcmeSettings = z.output<typeof acmeSettingsSchema>;
