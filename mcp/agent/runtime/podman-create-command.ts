/** The options that somebody typed to create a container, as far as podman has kept the command. It tells what the
 * rest of podman's answer cannot: what was asked for, rather than what came of it. */
export interface CreateOptions {
  /** Without a command nothing is known: the container came by the API. */
  readonly known: boolean;
  /** Values of an option by any of its names, in order; those without a value are empty. */
  values(...names: readonly string[]): string[];
}

/** @param command `podman run [options] image [arguments]`
 * @param given what the container's command is; where it was typed, the command ends with it */
export function createOptions(
  command: readonly string[] | null | undefined,
  given: readonly string[],
): CreateOptions {
  const words = command ?? [];
  const typed = given.length > 0 && given.every((word, index) => words.at(index - given.length) === word);
  const options = words.slice(0, Math.max(0, words.length - (typed ? given.length : 0) - 1));
  return {
    known: words.length > 0,
    values: (...names) =>
      options.flatMap((word, index) => {
        if (names.includes(word)) return [isOption(options[index + 1]) ? "" : (options[index + 1] ?? "")];
        const equals = word.indexOf("=");
        return equals > 0 && names.includes(word.slice(0, equals)) ? [word.slice(equals + 1)] : [];
      }),
  };
}

function isOption(word: string | undefined): boolean {
  return word === undefined || word.startsWith("-");
}
