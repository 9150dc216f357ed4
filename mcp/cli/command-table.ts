import type { CommandEntry } from "./command-entry.ts";

/** Every command, in the order of the help. */
export const commandTable: readonly CommandEntry[] = [
  { name: "login", summary: "log in and store a token", load: () => import("./commands/login.ts") },
  {
    name: "logout",
    summary: "revoke the stored token and forget it",
    load: () => import("./commands/logout.ts"),
  },
  { name: "whoami", summary: "show who you are logged in as", load: () => import("./commands/whoami.ts") },
  {
    name: "deploy",
    summary: "make a service run as its definition says",
    load: () => import("./commands/deploy.ts"),
  },
  {
    name: "build",
    summary: "build a service's images from source, and push them",
    load: () => import("./commands/build.ts"),
  },
  { name: "plan", summary: "show what deploy would do", load: () => import("./commands/plan.ts") },
  {
    name: "undeploy",
    summary: "remove a service from its node",
    load: () => import("./commands/undeploy.ts"),
  },
  {
    name: "sync",
    summary: "tell the nodes what all definitions declare, without deploying",
    load: () => import("./commands/sync.ts"),
  },
  {
    name: "adopt",
    summary: "take over containers that MCP did not create",
    load: () => import("./commands/adopt.ts"),
  },
  {
    name: "purge",
    summary: "forget what no definition declares and nothing runs for",
    load: () => import("./commands/purge.ts"),
  },
  { name: "stop", summary: "stop a service and keep it stopped", load: () => import("./commands/stop.ts") },
  { name: "start", summary: "start a service that was stopped", load: () => import("./commands/start.ts") },
  {
    name: "restart",
    summary: "restart a service or one component",
    load: () => import("./commands/restart.ts"),
  },
  {
    name: "reconcile",
    summary: "bring a service back to what it should be",
    load: () => import("./commands/reconcile.ts"),
  },
  { name: "list", summary: "list the services of all nodes", load: () => import("./commands/list.ts") },
  { name: "ps", summary: "show what runs now, asked of the runtime", load: () => import("./commands/ps.ts") },
  {
    name: "status",
    summary: "show state, drift and recent events",
    load: () => import("./commands/status.ts"),
  },
  { name: "logs", summary: "show what containers printed", load: () => import("./commands/logs.ts") },
  {
    name: "events",
    summary: "show what happened, and what happens",
    load: () => import("./commands/events.ts"),
  },
  {
    name: "history",
    summary: "list the deployed revisions of a service",
    load: () => import("./commands/history.ts"),
  },
  { name: "rollback", summary: "deploy an earlier revision", load: () => import("./commands/rollback.ts") },
  {
    name: "operations",
    summary: "list operations, running and past",
    load: () => import("./commands/operations.ts"),
  },
  {
    name: "alerts",
    summary: "list alerts, and test the alert command",
    commands: [
      {
        name: "list",
        summary: "list alerts, lasting and past (the default)",
        isDefault: true,
        load: () => import("./commands/alerts/list.ts"),
      },
      {
        name: "test",
        summary: "run the alert command of nodes, and show how it ends",
        load: () => import("./commands/alerts/test.ts"),
      },
    ],
  },
  {
    name: "push",
    summary: "copy a file into a service's directory",
    load: () => import("./commands/push.ts"),
  },
  {
    name: "push-image",
    summary: "send images to a node without a registry, only layers that it lacks",
    load: () => import("./commands/push-image.ts"),
  },
  {
    name: "pull",
    summary: "copy a file from a service's directory",
    load: () => import("./commands/pull.ts"),
  },
  {
    name: "node",
    summary: "manage the list of nodes",
    commands: [
      { name: "list", summary: "list the configured nodes", load: () => import("./commands/node/list.ts") },
      {
        name: "add",
        summary: "add a node to the configuration",
        load: () => import("./commands/node/add.ts"),
      },
      {
        name: "remove",
        summary: "remove a node from the configuration",
        load: () => import("./commands/node/remove.ts"),
      },
      {
        name: "status",
        summary: "show resources and versions of nodes",
        load: () => import("./commands/node/status.ts"),
      },
    ],
  },
  { name: "edit", summary: "edit a service's definition", load: () => import("./commands/service/edit.ts") },
  {
    name: "service",
    summary: "look at definitions, edit and make them",
    commands: [
      {
        name: "show",
        summary: "print a service's definition as its node has it",
        load: () => import("./commands/service/show.ts"),
      },
      {
        name: "edit",
        summary: "edit a service's definition",
        load: () => import("./commands/service/edit.ts"),
      },
      {
        name: "export",
        summary: "write what a service's node has into its definition file",
        load: () => import("./commands/service/export.ts"),
      },
      {
        name: "import",
        summary: "make definitions from compose files or Quadlet units",
        load: () => import("./commands/service/import.ts"),
      },
      {
        name: "schema",
        summary: "print the JSON Schema of definition files",
        load: () => import("./commands/service/schema.ts"),
      },
    ],
  },
  {
    name: "doctor",
    summary: "find out what is wrong, and how to mend it",
    load: () => import("./commands/doctor.ts"),
  },
  {
    name: "completion",
    summary: "print a completion script for a shell",
    load: () => import("./commands/completion.ts"),
  },
  { name: "version", summary: "show the version", load: () => import("./commands/version.ts") },
  { name: "help", summary: "show help for a command", load: () => import("./commands/help.ts") },
  {
    name: "__complete",
    summary: "answer a shell's completion",
    hidden: true,
    load: () => import("./commands/complete.ts"),
  },
];
