import type { RuntimeInfo } from "./runtime.ts";

interface MappedRange {
  readonly size: number;
}

/** What we read of `podman info`. Missing parts are parts of another version. */
export interface PodmanInfo {
  readonly host?: {
    readonly cgroupVersion?: string;
    readonly cgroupControllers?: readonly string[] | null;
    readonly security?: { readonly rootless?: boolean };
    readonly idMappings?: {
      readonly uidmap?: readonly MappedRange[] | null;
      readonly gidmap?: readonly MappedRange[] | null;
    };
  };
  readonly store: { readonly graphRoot: string; readonly graphDriverName?: string };
  readonly version?: { readonly Version?: string };
}

export function parseInfo({ host, store, version }: PodmanInfo): RuntimeInfo {
  return {
    version: version?.Version ?? "",
    rootless: host?.security?.rootless ?? false,
    cgroupVersion: host?.cgroupVersion ?? "",
    cgroupControllers: host?.cgroupControllers ?? [],
    storageDriver: store.graphDriverName ?? "",
    mappedUserIds: mapped(host?.idMappings?.uidmap),
    mappedGroupIds: mapped(host?.idMappings?.gidmap),
  };
}

function mapped(ranges: readonly MappedRange[] | null | undefined): number {
  return (ranges ?? []).reduce((sum, { size }) => sum + size, 0);
}
