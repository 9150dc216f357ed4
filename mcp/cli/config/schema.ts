import { filePath } from "@metacircular/mcdsl/config/fields.ts";
import { z } from "zod";

import { architectures, nodeAddressProblem, nodeNameProblem, registryAddressProblem } from "./node-rules.ts";

function text(problemOf: (value: string) => string | undefined) {
  return z.string().superRefine((value, context) => {
    const message = problemOf(value);
    if (message !== undefined) context.addIssue({ code: "custom", message });
  });
}

const nodeSchema = z.strictObject({
  name: text(nodeNameProblem),
  address: text(nodeAddressProblem),
  /** Name in the agent's certificate, where it is not the host of the address. */
  server_name: z.string().min(1).optional(),
  /** What images for it are built for, where that is not what this machine is. */
  arch: z.enum(architectures).optional(),
});

/** The file `mcp.toml`. Empty strings count as not given. Relative paths start at the file's directory. */
export const configSchema = z
  .strictObject({
    services: z.strictObject({ dir: filePath().optional() }).default({}),
    mcias: z
      .strictObject({
        server_url: z
          .union([z.literal(""), z.url({ protocol: /^https$/, error: "must be an https:// URL" })])
          .default(""),
        ca_cert: z.string().default(""),
        service_name: z.string().min(1).default("mcp"),
      })
      .prefault({}),
    auth: z
      .strictObject({
        token_path: filePath().optional(),
        username: z.string().default(""),
        password_file: z.string().default(""),
      })
      .prefault({}),
    tls: z.strictObject({ ca_cert: z.string().default("") }).prefault({}),
    build: z.strictObject({ workspace: filePath().optional() }).default({}),
    registry: z
      .strictObject({
        address: z.union([z.literal(""), text(registryAddressProblem)]).default(""),
        ca_cert: z.string().default(""),
      })
      .prefault({}),
    nodes: z.array(nodeSchema).max(1_000).default([]),
  })
  .superRefine(({ nodes, auth }, context) => {
    for (const [index, { name }] of nodes.entries()) {
      if (nodes.findIndex((node) => node.name === name) < index) {
        context.addIssue({
          code: "custom",
          path: ["nodes", index, "name"],
          message: `is used twice: ${JSON.stringify(name)}`,
        });
      }
    }
    if ((auth.username === "") !== (auth.password_file === "")) {
      const missing = auth.username === "" ? "username" : "password_file";
      context.addIssue({
        code: "custom",
        path: ["auth"],
        message: `needs ${missing} too: username and password_file belong together`,
      });
    }
  });

/** What the file says, with defaults for what it does not. */
export type Settings = z.output<typeof configSchema>;
