import type { ServerResponse } from "node:http";
import type { AcmeProblem } from "../problem.ts";
import type { AcmeAnswer } from "./answer.ts";

export function sendAnswer(response: ServerResponse, answer: AcmeAnswer, directory: string): void {
  const links = [{ relation: "index", target: directory }, ...(answer.links ?? [])];
  const text = typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body);
  const type = typeof answer.body === "string" ? (answer.contentType ?? "text/plain") : "application/json";
  response.writeHead(answer.status, {
    "cache-control": "no-store",
    link: links.map(({ relation, target }) => `<${target}>;rel="${relation}"`),
    ...answer.headers,
    ...(answer.body === undefined
      ? { "content-length": "0" }
      : { "content-type": type, "content-length": String(Buffer.byteLength(text)) }),
  });
  response.end(answer.body === undefined ? undefined : text);
}

/** RFC 7807; a link of the problem's own comes beside the one to the directory. */
export function sendProblem(response: ServerResponse, problem: AcmeProblem, directory: string): void {
  const { link, ...headers } = problem.headers;
  const text = JSON.stringify(problem.document);
  response.writeHead(problem.document.status, {
    "cache-control": "no-store",
    link: [`<${directory}>;rel="index"`, ...(link === undefined ? [] : [link])],
    ...headers,
    "content-type": "application/problem+json",
    "content-length": String(Buffer.byteLength(text)),
  });
  response.end(text);
}
