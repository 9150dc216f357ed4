/** How an error speaks of the claim to the database. */
export const claimWords = {
  code: "REGISTRY_ALREADY_RUNS",
  what: "the registry's database",
  holder: "another registry",
} as const;
