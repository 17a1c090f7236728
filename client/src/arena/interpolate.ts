// Where everything is at a moment between two snapshots. Pure. It must not invent anything: a player is on the way
// from one known place to the next, or goes on in its known motion, and a fireball is on its known line, where the tick
// says.

import type { FireballState, Life, Motions, Place, PlayerState, Snapshot } from "../sdk/index.ts";
import type { Timeline } from "./timeline.ts";

export interface ShownPlayer {
  readonly id: number;
  readonly x: number;
  readonly y: number;
  readonly health: number;
  readonly life: Life;
}

/** A fireball and where it is now. */
export interface ShownFireball extends FireballState {
  readonly x: number;
  readonly y: number;
}

export interface Moment {
  readonly players: readonly ShownPlayer[];
  readonly fireballs: readonly ShownFireball[];
}

/** Nothing moves on for longer than this after the last word: the server speaks twice a second. */
const GOES_ON_S = 1;
/** A step longer than this share above the fastest legal motion is a jump, and is not drawn as a walk. */
const JUMP_SLACK = 1.5;

export function momentAt(timeline: Timeline, drawnTick: number, motions: Motions): Moment {
  const { before, after: next } = timeline.around(drawnTick);
  const base = before ?? next;
  if (base === null) return { players: [], fireballs: [] };
  // Older than anything known, as after a reconnect: the first snapshot stands still until its time has come.
  const after = before === null ? null : next;
  // The match's time stands still when it is over; the clock does not.
  const last = base.phase === "over" ? base.tick : (after ?? base).tick + GOES_ON_S * motions.tickRate;
  const tick = Math.min(drawnTick, last);
  return {
    players: base.players.map((player) => ({ ...player, ...showPlayer(timeline, player, base, after, tick, motions) })),
    fireballs: showFireballs(base, after, tick, motions.rules.fireball_speed / motions.tickRate),
  };
}

function showPlayer(
  timeline: Timeline,
  from: PlayerState,
  before: Snapshot,
  after: Snapshot | null,
  tick: number,
  motions: Motions,
): Place {
  const to = after?.players.find((player) => player.id === from.id);
  const { start, end } =
    from.motion !== null || (to?.motion ?? null) !== null
      ? wholeTicks(from, to, after, tick, motions)
      : { start: placed(from, before.tick), end: placed(to ?? from, after?.tick ?? before.tick) };
  const [here, there] = [{ x: start.x, y: start.y }, { x: end.x, y: end.y }];
  if (end.tick <= start.tick) return here;
  const blinked = timeline.blinkBetween(from.id, start.tick, end.tick);
  if (blinked !== null) return tick >= blinked ? there : here;
  const { walk_speed, knockback_speed } = motions.rules;
  const fastest = Math.max(walk_speed, knockback_speed) / motions.tickRate;
  const ticks = end.tick - start.tick;
  const far = Math.hypot(end.x - start.x, end.y - start.y);
  if (far > fastest * ticks * JUMP_SLACK + 0.01) return here;
  const share = clamp01((tick - start.tick) / ticks);
  return { x: start.x + (end.x - start.x) * share, y: start.y + (end.y - start.y) * share };
}

type PlaceAt = Place & { readonly tick: number };

function placed({ x, y }: Place, tick: number): PlaceAt {
  return { x, y, tick };
}

/** Where a player whose motion is known was at the whole ticks around that moment. */
function wholeTicks(
  from: PlayerState,
  to: PlayerState | undefined,
  after: Snapshot | null,
  tick: number,
  motions: Motions,
): { readonly start: PlaceAt; readonly end: PlaceAt } {
  const at = (whole: number): PlaceAt => {
    // What it does by the snapshot after it has done since that motion began.
    const begun = to !== undefined && after !== null && whole >= Math.min(after.tick, to.motion?.since ?? after.tick);
    return placed(motions.placeAt(begun ? to : from, whole), whole);
  };
  return { start: at(Math.floor(tick)), end: at(Math.floor(tick) + 1) };
}

/** Those of the snapshot before, and those that were shot since. */
function showFireballs(
  before: Snapshot,
  after: Snapshot | null,
  tick: number,
  unitsPerTick: number,
): ShownFireball[] {
  const known = new Map([...before.fireballs, ...(after?.fireballs ?? [])].map((f) => [f.id, f]));
  return [...known.values()].flatMap((f) => flying(f, tick - f.since, unitsPerTick) ?? []);
}

/** The fireball that many ticks along its line; `null` before it was shot and after its end. */
function flying(f: FireballState, ticks: number, unitsPerTick: number): ShownFireball | null {
  const dx = f.towardX - f.fromX;
  const dy = f.towardY - f.fromY;
  const length = Math.hypot(dx, dy);
  const flown = ticks * unitsPerTick;
  // It ends with a whole tick, so it may rest at its end for a part of one.
  if (ticks < 0 || flown > length + unitsPerTick) return null;
  const share = length === 0 ? 1 : Math.min(1, flown / length);
  return { ...f, x: f.fromX + dx * share, y: f.fromY + dy * share };
}

function clamp01(value: number): number {
  return Math.min(1, Math.max(0, value));
}
