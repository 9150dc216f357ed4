import type { Tokens } from "@metacircular/mcdsl/auth/login-service.ts";
import { z } from "zod";
import { unavailable } from "./failures.ts";

/** RFC 6749 section 5.1. */
const tokensSchema = z.object({
  access_token: z.string().min(1),
  refresh_token: z.string().min(1).optional(),
  expires_in: z.number().positive(),
});

/** Our userinfo endpoint. */
export const whoAmISchema = z.object({
  username: z.string().min(1),
  account_type: z.enum(["human", "system"]),
  roles: z.array(z.string()),
  exp: z.number().positive(),
});

/** RFC 8628 section 3.2. */
export const deviceLoginSchema = z.object({
  device_code: z.string().min(1),
  user_code: z.string().min(1),
  verification_uri: z.string().min(1),
  verification_uri_complete: z.string().min(1).optional(),
  expires_in: z.number().positive(),
  interval: z.number().positive().prefault(5),
});

/** @param askedAtMs counted from before the request, so that we never think a token lives too long */
export function tokensIn(body: unknown, askedAtMs: number, issuer: string): Tokens {
  const parsed = tokensSchema.safeParse(body);
  if (!parsed.success) throw unavailable(issuer, "its token answer is not usable", parsed.error);
  const { access_token: accessToken, refresh_token: refreshToken, expires_in: expiresIn } = parsed.data;
  return {
    accessToken,
    ...(refreshToken === undefined ? {} : { refreshToken }),
    expiresAtMs: askedAtMs + expiresIn * 1000,
  };
}
