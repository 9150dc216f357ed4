import type { Command } from "@commander-js/extra-typings";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { sizeText } from "@metacircular/mcdsl/size-text.ts";

import { type Context, openContext } from "../context.ts";
import { type ResolvedDeploy, resolveDeploy } from "../definitions/resolve.ts";
import { findLocalImage } from "../images/push-image/local-image.ts";
import { askWhatIsMissing, pushImage, type WantedImage } from "../images/push-image/push-image.ts";
import type { Invocation } from "../invocation.ts";
import { plain } from "../output/table.ts";

export const json = {
  node: "node that has the images now",
  service: "name of the service",
  images:
    "image, id, digest (null with --dry-run), layers, sent_layers, sent_bytes (of layers; null with --dry-run), transferred_bytes (what they were on their way; null with --dry-run), result (there, named, imported, or what it would be with --dry-run)",
} as const;

export function define(command: Command, invocation: Invocation): void {
  command
    .description(
      "Sends the images of a service from this machine's podman to its node, without any registry. Only layers that " +
        "the node lacks are sent; a push that broke off goes on where it was. What runs stays as it is until the next deploy.",
    )
    .argument("<service[/component]>", "service whose images are sent, or one component of it")
    .option("-f, --file <file>", "definition file (default: <service>.toml in the services directory)")
    .option("--from <image>", "local image to send, where its name differs from that in the definition")
    .option("--dry-run", "only show what would be sent")
    .addHelpText("after", examples)
    .action(async (target, options, self) => {
      await using context = await openContext(self, invocation);
      const resolved = await resolveDeploy(context, target, options.file);
      const names = imagesOf(resolved);
      if (options.from !== undefined && names.length > 1) throw severalImages(resolved.service, names);
      const images: object[] = [];
      for (const name of names) {
        const local = await findLocalImage(options.from ?? name, invocation.environment);
        const wanted = { node: resolved.node, service: resolved.service, name, local };
        const dryRun = options.dryRun === true;
        images.push(dryRun ? await preview(context, wanted) : await push(context, wanted));
      }
      const { node, service } = resolved;
      if (context.output.format === "json") return context.output.json({ node, service, images });
      if (options.dryRun !== true) context.output.say(`next: \`mcp deploy ${target}\``);
    });
}

async function push(context: Context, wanted: WantedImage): Promise<object> {
  const { output } = context;
  const { node, name, local } = wanted;
  const { digest, imported, wasNamed, sentLayers, sentBytes, transferredBytes } = await pushImage(
    context,
    wanted,
  );
  const result = imported ? "imported" : wasNamed ? "there" : "named";
  const layers = local.diffIds.length;
  const compressed = transferredBytes < sentBytes ? `, ${sizeText(transferredBytes)} on their way` : "";
  const sent = `${sentLayers} of ${layers} layers sent, ${sizeText(sentBytes)}${compressed}`;
  output.say(`${node} has ${plain(name)} (${imported ? sent : "the image was there; nothing was sent"})`);
  output.explain(`its digest on the node is ${digest}`);
  return {
    image: name,
    id: local.id,
    digest,
    layers,
    sent_layers: sentLayers,
    sent_bytes: sentBytes,
    transferred_bytes: transferredBytes,
    result,
  };
}

async function preview(context: Context, wanted: WantedImage): Promise<object> {
  const { node, name, local } = wanted;
  const { missingDiffIds, present, named } = await askWhatIsMissing(context, wanted);
  const result = named ? "there" : present ? "named" : "imported";
  const layers = local.diffIds.length;
  const text = {
    there: `${node} has ${plain(name)} already`,
    named: `${node} has the image, and would name it ${plain(name)}`,
    imported: `would send ${missingDiffIds.length} of ${layers} layers of ${plain(name)} to ${node}`,
  }[result];
  if (context.output.format !== "json") context.output.print(text);
  const sent = { sent_layers: missingDiffIds.length, sent_bytes: null, transferred_bytes: null };
  return { image: name, id: local.id, digest: null, layers, ...sent, result };
}

/** The names in the definition, each once. */
function imagesOf({ service, component, spec }: ResolvedDeploy): string[] {
  const components = spec.components.filter(({ name }) => component === "" || name === component);
  const names = [...new Set(components.map(({ image }) => image))];
  const pinned = names.find((name) => name.includes("@"));
  if (pinned === undefined) return names;
  throw new DetailedError({
    code: "IMAGE_INVALID",
    category: "invalid-argument",
    attempted: "push image",
    subject: pinned,
    found: `${service} names it by its digest, which it has only in a registry`,
    remedy: "name it by its tag alone",
  });
}

function severalImages(service: string, names: readonly string[]): DetailedError {
  return new DetailedError({
    code: "IMAGE_INVALID",
    category: "invalid-argument",
    attempted: "push image",
    subject: service,
    found: `--from names one image, and the service has ${names.length}: ${names.join(", ")}`,
    remedy: `name one component, such as ${service}/web`,
  });
}

const examples = `
Examples:
  mcp push-image shop                          all images of the service
  mcp push-image shop/web                      that of one component
  mcp push-image shop/web --from localhost/x:dev
  mcp push-image shop --dry-run
`;
