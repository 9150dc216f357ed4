import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { fromConnectError } from "@metacircular/mcdsl/grpc/errors.ts";
import { nearestWord } from "@metacircular/mcdsl/toml/nearest.ts";

import type { CliConfig, NodeConfig } from "../config/load.ts";
import { type AgentClient, type AgentConnection, connectAgent } from "./connection.ts";

export interface NodeAnswer<T> {
  readonly node: string;
  readonly value: T;
}

export interface NodeFailure {
  readonly node: string;
  readonly error: DetailedError;
}

/** What several nodes said to one question, in the order of the configuration. */
export interface Answers<T> {
  readonly answers: readonly NodeAnswer<T>[];
  readonly failures: readonly NodeFailure[];
}

/** What is asked of each node. */
export type Question<T> = (agent: AgentClient, signal: AbortSignal, node: string) => Promise<T>;

/** The nodes of the configuration, connected to when first asked. */
export class Nodes implements AsyncDisposable {
  readonly #config: CliConfig;
  readonly #chosen: readonly NodeConfig[];
  readonly #token: () => Promise<string>;
  readonly #signal: AbortSignal;
  readonly #connections = new Map<string, AgentConnection>();

  /** @throws DetailedError NODE_UNKNOWN where `only` names one that is not configured */
  constructor(options: {
    config: CliConfig;
    only: readonly string[];
    token: () => Promise<string>;
    signal: AbortSignal;
  }) {
    this.#config = options.config;
    this.#token = options.token;
    this.#signal = options.signal;
    this.#chosen =
      options.only.length === 0 ? options.config.nodes : options.only.map((name) => this.config(name));
  }

  /** The same connections, for questions to some of the nodes.
   * @throws DetailedError NODE_UNKNOWN */
  only(names: readonly string[]): Pick<Nodes, "ask"> {
    const chosen = names.map((name) => this.config(name));
    return { ask: (ask) => this.#ask(chosen, ask) };
  }

  /** @throws DetailedError NODE_UNKNOWN */
  config(name: string): NodeConfig {
    const found = this.#config.nodes.find((node) => node.name === name);
    if (found !== undefined) return found;
    throw unknownNode(name, this.#config);
  }

  /** The agent of one node.
   * @throws DetailedError NODE_UNKNOWN, and what makes a connection impossible */
  agent(name: string): AgentClient {
    const existing = this.#connections.get(name);
    if (existing !== undefined) return existing.agent;
    const connection = connectAgent(this.config(name), {
      caFile: this.#config.agentCaFile,
      token: this.#token,
    });
    this.#connections.set(name, connection);
    return connection.agent;
  }

  /** One call to one node, with failures as DetailedError. Interrupting the tool cancels it. */
  async call<T>(name: string, ask: (agent: AgentClient, signal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await ask(this.agent(name), this.#signal);
    } catch (thrown) {
      throw fromConnectError(thrown, `node ${name}`);
    }
  }

  /** One question to all chosen nodes at once. Failures of single nodes stay beside the answers of the others.
   * @throws DetailedError NO_NODES, and whatever keeps the user from being known to any node */
  ask<T>(ask: Question<T>): Promise<Answers<T>> {
    return this.#ask(this.#chosen, ask);
  }

  async #ask<T>(chosen: readonly NodeConfig[], ask: Question<T>): Promise<Answers<T>> {
    if (chosen.length === 0) throw noNodes(this.#config);
    await this.#token();
    const answers: NodeAnswer<T>[] = [];
    const failures: NodeFailure[] = [];
    const settled = await Promise.allSettled(
      chosen.map(({ name }) => this.call(name, (agent, signal) => ask(agent, signal, name))),
    );
    this.#signal.throwIfAborted();
    for (const [index, result] of settled.entries()) {
      const node = chosen[index]?.name ?? "";
      if (result.status === "fulfilled") answers.push({ node, value: result.value });
      else failures.push({ node, error: fromConnectError(result.reason, `node ${node}`) });
    }
    return { answers, failures };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#connections.values()].map((connection) => connection[Symbol.asyncDispose]()));
    this.#connections.clear();
  }
}

function unknownNode(name: string, config: CliConfig): DetailedError {
  const known = config.nodes.map((node) => node.name);
  const meant = nearestWord(name, known);
  return new DetailedError({
    code: "NODE_UNKNOWN",
    category: "invalid-argument",
    attempted: "find node",
    subject: name,
    found: `${config.file} does not list it`,
    remedy:
      meant === undefined
        ? `add it with \`mcp node add ${name} <host:port>\`${known.length === 0 ? "" : `; known are ${known.join(", ")}`}`
        : `did you mean ${meant}?`,
  });
}

function noNodes(config: CliConfig): DetailedError {
  return new DetailedError({
    code: "NO_NODES",
    category: "failed-precondition",
    attempted: "ask the nodes",
    found: `${config.file} lists none`,
    remedy: "add one with `mcp node add <name> <host:port>`",
  });
}
