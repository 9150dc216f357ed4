/** How a database is claimed by whoever works with it. */
export const claimWords = {
  code: "NAME_SERVER_ALREADY_RUNS",
  what: "the database",
  holder: "another name server",
} as const;
