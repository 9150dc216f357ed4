import type { ComponentSpec, ServiceSpec } from "./spec.ts";

/** What the operator asked for, complete enough to be carried out again after a crash. */
export type Intent =
  | {
      readonly kind: "deploy" | "rollback";
      /** The whole service as it should become. */
      readonly spec: ServiceSpec;
      /** Deploy only this component; empty: all, and remove those that the specification lacks. */
      readonly component: string;
      readonly recreate: boolean;
      /** The images that the tags name now will do only, whatever images of these names are on the node. */
      readonly pull?: boolean;
      /** For previews: references that name other images than now by the time of the deploy. */
      readonly awaitedImages?: readonly string[];
      /** What a rollback was asked to go back to; 0: the newest revision that differs. */
      readonly revision?: number;
    }
  | { readonly kind: "start" | "stop" | "undeploy"; readonly service: string }
  | { readonly kind: "restart"; readonly service: string; readonly component: string }
  /** `repair`: back to what is desired. `brake`: stop for now what ends again and again; empty component: all. */
  | {
      readonly kind: "repair" | "brake";
      readonly service: string;
      readonly component: string;
      /** Components that are left as they are. */
      readonly except?: readonly string[];
    }
  /** Bring certificates, routes and names to what was last asked for. No container is touched. */
  | {
      readonly kind: "edge";
      readonly service: string;
      /** The authority is not asked for any. */
      readonly withoutCertificates?: boolean;
    }
  /** Record what is declared, and stop what is inactive. */
  | { readonly kind: "sync"; readonly service: string; readonly declared: ServiceSpec }
  /** Take over containers that somebody else created. */
  | { readonly kind: "adopt"; readonly service: string; readonly containers: readonly AdoptedContainer[] }
  /** Remove the containers and registry entries of these components. */
  | {
      readonly kind: "purge";
      readonly service: string;
      readonly components: readonly string[];
      /** A definition declares other components of the service: it stays, with its revisions, also without any. */
      readonly keepService?: boolean;
    };

export interface AdoptedContainer {
  readonly id: string;
  readonly spec: ComponentSpec;
  readonly desired: "running" | "stopped";
}

export type OperationKind = Intent["kind"];

export function serviceOf(intent: Intent): string {
  return "spec" in intent ? intent.spec.name : intent.service;
}
