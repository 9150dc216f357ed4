import { z } from "zod";

const MAX_PATTERNS = 100;
const MAX_PATTERN_CHARACTERS = 253;
const MAX_PRIORITY = 1_000_000;

/** A name by which a rule is found. */
export const ruleId = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/u, 'must be 1 to 63 of "a-z0-9._-"');

/** Rules are asked from the smallest number to the largest. */
export const rulePriority = z.int().min(0).max(MAX_PRIORITY);

/** A list of patterns. */
export const rulePatterns = z.array(z.string().min(1).max(MAX_PATTERN_CHARACTERS)).max(MAX_PATTERNS);
