/** Who asks, and by which way. */
export interface Client {
  /** IPv4 or IPv6 address. */
  readonly address: string;
  readonly transport: Transport;
}

export type Transport = "udp" | "tcp" | "tls";

/** What goes back to a client: a message, nothing, one of them later, or several messages in order. */
export type Response = Buffer | undefined | Promise<Buffer | undefined> | ResponseMessages;

/** Messages of a transfer, made as they are taken. */
export interface ResponseMessages {
  readonly messages: Iterator<Buffer>;
}

/** Takes what came from a client, of any content; never throws. */
export type HandlePacket = (packet: Buffer, client: Client) => Response;

export function isMessages(response: Response): response is ResponseMessages {
  return response !== undefined && "messages" in response;
}
