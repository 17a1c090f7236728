// `window.bolide`: what the page knows, for tests and for the curious. Read-only: it sends nothing
// and gives no authority, and whoever changes a copy changes nothing but the copy.

import type { Room, Snapshot } from "../sdk/index.ts";
import { momentAt, type ShownPlayer } from "./interpolate.ts";
import type { LoggedEvent, Model } from "./model.ts";
import type { Stage } from "./stage.ts";

export interface DebugHandle {
  /** A copy of the state the server last told this page. */
  state(): object;
  /** Every event of this stay as it came, newest last. */
  events(): readonly LoggedEvent[];
  /** Of the last seconds, each at its tick, newest last. */
  snapshots(): readonly Snapshot[];
  /** The places where the canvas has everybody at a tick of the last seconds. */
  drawnAt(tick: number): readonly ShownPlayer[];
  /** A place in the arena as a place in the window, in CSS pixels. */
  toScreen(x: number, y: number): { readonly x: number; readonly y: number };
}

declare global {
  interface Window {
    bolide?: DebugHandle;
  }
}

export function exposeDebug(room: Room, model: Model, stage: Stage, now: () => number, signal: AbortSignal): void {
  const canvas = stage.canvas;
  const handle: DebugHandle = Object.freeze({
    state: () => structuredClone({ ...stateOf(model, stage, now()), stats: room.stats }),
    events: () => structuredClone(model.log),
    snapshots: () => structuredClone(model.timeline.snapshots),
    drawnAt: (tick: number) => structuredClone(momentAt(model.timeline, tick, model.motions).players),
    toScreen(x: number, y: number) {
      const box = canvas.getBoundingClientRect();
      const at = stage.camera.toScreen(x, y);
      return { x: box.left + at.x, y: box.top + at.y };
    },
  });
  window.bolide = handle;
  signal.addEventListener("abort", () => {
    if (window.bolide === handle) delete window.bolide;
  });
}

function stateOf(model: Model, stage: Stage, nowMs: number): object {
  const newest = model.timeline.newest;
  return {
    room: model.welcome.room,
    mode: model.welcome.mode,
    seat: model.seat,
    tickRate: model.welcome.tickRate,
    rules: model.welcome.rules,
    match: model.match,
    phase: model.phase,
    tick: newest?.tick ?? null,
    players: newest?.players ?? [],
    fireballs: newest?.fireballs ?? [],
    roster: model.roster,
    private: model.private,
    result: model.result,
    zone: model.zone(nowMs),
    drawnTick: model.clock.renderTick(nowMs),
    phaseEnds: newest?.phaseEnds ?? null,
    map: stage.map?.area ?? null,
  };
}
