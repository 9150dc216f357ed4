import { caEngine } from "./ca/mount.ts";
import type { EngineType } from "./mounts/engine.ts";

/** The kinds of engines there are. */
export const engineTypes: readonly EngineType[] = [caEngine];
