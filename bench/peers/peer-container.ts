/** A container like those that the agent makes, for a peer to make. */
export interface PeerContainer {
  readonly name: string;
  readonly image: string;
  /** On loopback, and the same inside. */
  readonly port: number;
  /** `KEY=VALUE` */
  readonly env: readonly string[];
}
