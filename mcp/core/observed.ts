/** Which of a component's at most three names a container bears. `next` and `previous` exist only while
 * the component is being replaced. */
export type Slot = "current" | "next" | "previous";

/** A container of a component as the runtime showed it. */
export interface ObservedContainer {
  readonly id: string;
  readonly slot: Slot;
  readonly running: boolean;
  /** Somebody is stopping it or has paused it, so it will not go on running. */
  readonly stopping?: boolean;
  /** It has just ended, and the runtime is about to start it again. */
  readonly restarting?: boolean;
  /** The runtime says that it runs, but its process is gone: nothing but removing it will do. */
  readonly lost: boolean;
  /** Hash of the specification it was created from; empty when not created by us. */
  readonly specHash: string;
  readonly imageId: string;
  /** Operation that created it; empty when not created by us. */
  readonly createdBy: string;
  readonly startedAtMs: number;
  /** Host ports of its routes, by route name; those that it could not have again are left out. */
  readonly hostPorts: HostPorts;
}

/** Host port by route name; the unnamed route has the empty name. */
export type HostPorts = Readonly<Record<string, number>>;
