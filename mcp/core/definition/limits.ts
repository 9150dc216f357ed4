/** Upper bounds of a definition. Far above what services need; they keep mistakes and hostile clients small. */
export const limits = {
  components: 64,
  /** ports, volumes, routes: each, per component */
  list: 64,
  arguments: 256,
  environment: 256,
  /** Characters of one string. */
  string: 4_096,
  /** Characters of one `KEY=VALUE` or of one argument. */
  value: 32_768,
  buildImages: 64,
  /** Problems that one check reports. */
  problems: 100,
} as const;
