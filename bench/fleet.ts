import assert from "node:assert/strict";
import { OperationOutcome } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import type { TestNode } from "@metacircular/testkit/node.ts";
import { serviceMessage } from "@metacircular/testkit/operator.ts";
import { aComponent } from "@metacircular/testkit/specs.ts";

const componentsPerService = 25;
/** More at once make podman slower. */
const servicesAtOnce = 4;

/** Deploys services until that many containers of theirs run. They serve nothing and have no network. */
export async function growTo(count: number, { agent }: TestNode): Promise<void> {
  const { services } = await agent.client.listServices({});
  const present = services.flatMap(({ components }) => components).length;
  const missing = servicesOf(services.length, count - present);
  const deployNext = async (): Promise<void> => {
    for (let next = missing.shift(); next !== undefined; next = missing.shift()) {
      const { outcome } = await agent.client.deploy({ service: next });
      assert.equal(outcome, OperationOutcome.SUCCEEDED);
    }
  };
  await Promise.all(Array.from({ length: servicesAtOnce }, deployNext));
}

function servicesOf(first: number, components: number) {
  const sizes = Array.from({ length: Math.ceil(components / componentsPerService) }, (_, index) =>
    Math.min(componentsPerService, components - index * componentsPerService),
  );
  return sizes.map((size, index) =>
    serviceMessage(
      `fleet-${first + index}`,
      Array.from({ length: size }, (_, number) => sleeper(`part-${number}`)),
    ),
  );
}

function sleeper(name: string) {
  return aComponent({
    name,
    image: "localhost/web:v1",
    network: "none",
    restart: "no",
    health: { ...aComponent().health, settleMs: 0 },
  });
}
