import type { Clock } from "@metacircular/mcdsl/clock.ts";
import { messageOf } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import { boundedWarnings, type Warn } from "../bounded-warnings.ts";
import { answer } from "../answer/answer.ts";
import { type EncodedCache, queryKeyOf } from "../answer/encoded-cache.ts";
import {
  encodeReply,
  largestDatagramBytes,
  largestMessageBytes,
  plainDatagramBytes,
  type RequestFrame,
} from "../answer/encode.ts";
import { bareReply, type Reply } from "../answer/reply.ts";
import type { Forward } from "../forward/forwarder.ts";
import type { Networks } from "../forward/networks.ts";
import { planTransfer, transferMessages } from "../transfer/transfer.ts";
import { type Signature, signatureBytes, signResponse, verifyRequest } from "../transfer/tsig.ts";
import type { TsigKeys } from "../transfer/tsig-key.ts";
import { applyUpdate } from "../update/update.ts";
import { classes, flagBits, opcodes, responseCodes } from "../wire/code.ts";
import { headerBytes, type Message, readMessage } from "../wire/message.ts";
import { recordTypes } from "../wire/record-type.ts";
import { WireError } from "../wire/wire-reader.ts";
import type { ZoneSource } from "../zone/store-view.ts";
import type { Client, HandlePacket, Response } from "./client.ts";
import type { QueryLog } from "./query-log.ts";
import type { QueryMetrics } from "./query-metrics.ts";

/** What answers are made from. */
export interface HandlerParts {
  readonly source: ZoneSource;
  readonly keys: TsigKeys;
  readonly cache: EncodedCache;
  readonly metrics: QueryMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Undefined: nothing is forwarded. */
  readonly forwarding?: { readonly forward: Forward; readonly clients: Networks } | undefined;
  /** Undefined: queries are not logged. */
  readonly queryLog?: QueryLog | undefined;
}

interface Parts extends HandlerParts {
  readonly warn: Warn;
}

/** A request that could be read, and what its response needs. */
interface Request {
  readonly message: Message;
  readonly frame: RequestFrame;
  readonly client: Client;
  readonly mayRecurse: boolean;
  readonly signature?: Signature | undefined;
}

/** Makes the function that every listener hands its packets to. It answers within the call, unless it forwards. */
export function createPacketHandler(handlerParts: HandlerParts): HandlePacket {
  const parts: Parts = { ...handlerParts, warn: boundedWarnings(handlerParts.logger, handlerParts.clock) };
  const scratch = Buffer.alloc(512);

  function handle(packet: Buffer, client: Client): Response {
    const mayRecurse = parts.forwarding?.clients.has(client.address) === true;
    const key = queryKeyOf(packet, scratch, client.transport !== "udp");
    if (key !== undefined) {
      const known = parts.cache.respond(key, packet, mayRecurse);
      if (known !== undefined) {
        parts.metrics.cached();
        parts.queryLog?.(packet, known, client);
        return known;
      }
    }
    const response = respond(packet, client, mayRecurse, (encoded) => {
      if (key !== undefined) parts.cache.store(key, encoded);
    });
    if (Buffer.isBuffer(response)) parts.queryLog?.(packet, response, client);
    return response;
  }

  function respond(
    packet: Buffer,
    client: Client,
    mayRecurse: boolean,
    store: (encoded: Buffer) => void,
  ): Response {
    if (packet.length < headerBytes || (packet.readUInt16BE(2) & flagBits.response) !== 0) {
      parts.metrics.dropped(packet.length < headerBytes ? "malformed" : "response");
      return undefined;
    }
    try {
      const message = readMessage(packet);
      return dispatch(parts, { message, frame: frameOf(message), client, mayRecurse }, store);
    } catch (thrown) {
      if (!(thrown instanceof WireError)) {
        parts.logger.error(
          { error: messageOf(thrown), client: client.address },
          "a query could not be answered",
        );
      }
      const code = thrown instanceof WireError ? responseCodes.FORMERR : responseCodes.SERVFAIL;
      return encodeReply(bareFrameOf(packet), bareReply(code), limitsOf(client, undefined, mayRecurse));
    }
  }

  return handle;
}

function dispatch(parts: Parts, request: Request, store: (encoded: Buffer) => void): Response {
  const { message } = request;
  if (message.edns !== undefined && message.edns.version > 0)
    return say(parts, request, responseCodes.BADVERS);
  const { QUERY, UPDATE, NOTIFY } = opcodes;
  if (message.opcode !== QUERY && message.opcode !== UPDATE && message.opcode !== NOTIFY) {
    return say(parts, request, responseCodes.NOTIMP);
  }
  if (message.questions.length !== 1) return say(parts, request, responseCodes.FORMERR);
  const verified = verifyRequest(message, parts.keys, secondsOf(parts.clock));
  if (verified.kind === "bad") {
    const limits = limitsOf(request.client, message, request.mayRecurse);
    const { error } = verified;
    parts.warn({ client: request.client.address, error }, "a signed request was refused");
    return verified.sign(encodeReply(request.frame, bareReply(responseCodes.NOTAUTH), limits));
  }
  const known: Request = verified.kind === "good" ? { ...request, signature: verified.signature } : request;
  if (message.opcode === UPDATE) return update(parts, known);
  // Zones are made here, so that nobody has to tell of them.
  if (message.opcode === NOTIFY) return say(parts, known, responseCodes.REFUSED);
  return query(parts, known, store);
}

function query(parts: Parts, request: Request, store: (encoded: Buffer) => void): Response {
  const [question] = request.message.questions;
  if (question?.class !== classes.IN) return say(parts, request, responseCodes.REFUSED);
  if (question.type === recordTypes.AXFR || question.type === recordTypes.IXFR)
    return transfer(parts, request);
  if (isMetaType(question.type)) return say(parts, request, responseCodes.NOTIMP);
  const reply = answer(parts.source.current(), question.name, question.type);
  const isWanted = (request.message.flags & flagBits.recursionDesired) !== 0 && request.mayRecurse;
  if (isWanted && (reply === undefined || reply.unresolved !== undefined)) {
    return forwardRest(parts, request, reply);
  }
  const encoded = encode(parts, request, reply ?? bareReply(responseCodes.REFUSED));
  const isSame = reply !== undefined && reply.unresolved === undefined && request.signature === undefined;
  if (isSame) store(encoded);
  return encoded;
}

/** Types of questions that are no data: OPT, TKEY, TSIG, MAILB, MAILA. */
function isMetaType(type: number): boolean {
  return type === recordTypes.OPT || (type >= 249 && type <= 254);
}

/** Asks upstream for what the own zones do not have: all, or the rest of a chain of aliases. */
async function forwardRest(
  parts: Parts,
  request: Request,
  own: Reply | undefined,
): Promise<Buffer | undefined> {
  const { message, client } = request;
  const [question] = message.questions;
  if (question === undefined || parts.forwarding === undefined) return undefined;
  parts.metrics.forwarded();
  const found = await parts.forwarding.forward({
    name: own?.unresolved ?? question.name,
    type: question.type,
    dnssecOk: message.edns?.dnssecOk === true,
    checkingDisabled: (message.flags & flagBits.checkingDisabled) !== 0,
  });
  const isChain = own !== undefined && own.answers.length > 0;
  // The own part of a chain was validated by nobody.
  const reply = isChain
    ? { ...found, authoritative: true, authenticData: false, answers: [...own.answers, ...found.answers] }
    : found;
  const dnssecOk = message.edns?.dnssecOk === true;
  const encoded = encode(parts, { ...request, frame: { ...request.frame, dnssecOk } }, reply);
  parts.queryLog?.(message.bytes, encoded, client);
  return encoded;
}

function transfer(parts: Parts, request: Request): Response {
  const { message, client, signature } = request;
  const plan = planTransfer(parts.source, message, signature, client.transport !== "udp");
  const zone = message.questions[0]?.name;
  if (plan.kind === "refused" || signature === undefined) {
    const code = plan.kind === "refused" ? plan.code : responseCodes.REFUSED;
    parts.warn({ client: client.address, zone, code }, "a transfer was refused");
    return say(parts, request, code);
  }
  const { soa } = plan.zone;
  parts.logger.info(
    { client: client.address, zone, key: signature.key.name, serial: soa.serial },
    "a zone is transferred",
  );
  return {
    messages: transferMessages(message, plan.records, signature, () => secondsOf(parts.clock)),
  };
}

function update(parts: Parts, request: Request): Response {
  const { message, client, signature } = request;
  const outcome = applyUpdate(parts.source, message, signature);
  const facts = { client: client.address, zone: message.questions[0]?.name, key: signature?.key.name };
  if (outcome.code === responseCodes.NOERROR) {
    parts.logger.info({ ...facts, serial: outcome.serial }, "a zone was updated");
  } else {
    parts.warn({ ...facts, code: outcome.code, reason: outcome.reason }, "an update was refused");
  }
  return say(parts, request, outcome.code);
}

function say(parts: Parts, request: Request, code: number): Buffer {
  return encode(parts, request, bareReply(code));
}

function encode(parts: Parts, request: Request, reply: Reply): Buffer {
  const { client, message, mayRecurse, signature } = request;
  const limits = limitsOf(client, message, mayRecurse);
  if (signature === undefined) return encodeReply(request.frame, reply, limits);
  const reservedBytes = signatureBytes(signature.key);
  const encoded = encodeReply(request.frame, reply, { ...limits, reservedBytes });
  return signResponse(encoded, signature, secondsOf(parts.clock)).message;
}

function limitsOf(client: Client, message: Message | undefined, recursionAvailable: boolean) {
  if (client.transport !== "udp") return { bytes: largestMessageBytes, recursionAvailable };
  const asked = message?.edns?.payloadBytes ?? plainDatagramBytes;
  const bytes = Math.min(Math.max(asked, plainDatagramBytes), largestDatagramBytes);
  return { bytes, recursionAvailable };
}

function frameOf(message: Message): RequestFrame {
  const { id, flags, opcode, questions, edns } = message;
  const [question] = questions;
  return {
    id,
    flags,
    opcode,
    ...(questions.length === 1 && { question: question?.wire }),
    hasEdns: edns !== undefined,
  };
}

/** Of a message that cannot be read. */
function bareFrameOf(packet: Buffer): RequestFrame {
  const flags = packet.readUInt16BE(2);
  return { id: packet.readUInt16BE(0), flags, opcode: (flags >> 11) & 15, hasEdns: false };
}

function secondsOf(clock: Clock): number {
  return Math.floor(clock.now() / 1000);
}
