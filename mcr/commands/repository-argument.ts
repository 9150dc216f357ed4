import { InvalidArgumentError } from "@commander-js/extra-typings";
import { isRepositoryName } from "../names.ts";

/** Of a manifest, as people write it. */
interface ImageName {
  readonly repository: string;
  /** Tag or digest; undefined: it is said elsewhere. */
  readonly reference: string | undefined;
}

/** For `argument()`.
 * @throws InvalidArgumentError */
export function repositoryName(text: string): string {
  if (isRepositoryName(text)) return text;
  throw new InvalidArgumentError(
    "Give the name of a repository as the registry lists it, such as team/app, without its address.",
  );
}

/** `team/app`, `team/app:v1.2.3`, `team/app@sha256:…`; for `argument()`.
 * @throws InvalidArgumentError */
export function imageName(text: string): ImageName {
  const { repository = text, reference } =
    /^(?<repository>[^:@]+)[:@](?<reference>[^/]+)$/.exec(text)?.groups ?? {};
  return { repository: repositoryName(repository), reference };
}
