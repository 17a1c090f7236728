// The places of everything at a moment between two snapshots. Pure. It must not invent anything: a
// player is on the way from one known place to the next, or goes on in its known motion, and a
// fireball is on its known line, where the tick says.

import type { FireballState, Life, Motions, Place, PlayerState, Snapshot, Tick } from "../sdk/index.ts";
import { GOES_ON_S } from "./clock.ts";
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

/** A step longer than this share above the fastest legal motion is a jump, and is not drawn as a
 * walk. */
const JUMP_SLACK = 1.5;
/** Of a walk's ticks, what the rounding of its places may cost. */
const WALKED_SLACK = 0.02;

export function momentAt(timeline: Timeline, drawnTick: number, motions: Motions): Moment {
  const { before, after: next } = timeline.around(drawnTick);
  const base = before ?? next;
  if (base === null) return { players: [], fireballs: [] };
  // Older than anything known, as after a reconnect: the first snapshot stands still until its time
  // has come.
  const after = before === null ? null : next;
  // The match's time stands still when it is over; the clock does not.
  const last = base.phase === "over" ? base.tick : (after ?? base).tick + GOES_ON_S * motions.tickRate;
  const tick = Math.min(drawnTick, last);
  return {
    players: base.players.map((player) => ({ ...player, ...showPlayer(timeline, player, base, after, tick, motions) })),
    fireballs: showFireballs(base, after, tick, motions.rules.fireball_speed / motions.tickRate),
  };
}

/** Knowledge about a player at the end of a tick. */
interface Known {
  readonly player: PlayerState;
  readonly tick: Tick;
}

function showPlayer(
  timeline: Timeline,
  player: PlayerState,
  before: Snapshot,
  after: Snapshot | null,
  tick: number,
  motions: Motions,
): Place {
  let from: Known = { player, tick: before.tick };
  const next = after?.players.find(({ id }) => id === player.id);
  let to: Known | null = after === null || next === undefined ? null : { player: next, tick: after.tick };
  const blink = to === null ? null : timeline.blinkBetween(player.id, from.tick, to.tick);
  if (blink !== null) {
    // Two ways with nothing in between: up to where it blinked, and from where it came out.
    const stands = { ...player, motion: null };
    const { fromX, fromY, toX, toY } = blink;
    if (tick < blink.tick) to = { player: { ...stands, x: fromX, y: fromY }, tick: blink.tick - 1 };
    else from = { player: { ...stands, x: toX, y: toY }, tick: blink.tick };
  }
  const hit = to === null ? null : timeline.hitBetween(player.id, from.tick, to.tick);
  return onTheWay(from, to, hit, tick, motions);
}

/** Between two things that are known, or after the last one. */
function onTheWay(from: Known, to: Known | null, hit: Tick | null, tick: number, motions: Motions): Place {
  const moves = from.player.motion !== null || (to !== null && to.player.motion !== null);
  const { start, end } = moves ? wholeTicks(from, to, tick, motions) : { start: placed(from), end: placed(to ?? from) };
  const [here, there] = [{ x: start.x, y: start.y }, { x: end.x, y: end.y }];
  if (end.tick <= start.tick) return here;
  const { walk_speed, knockback_speed } = motions.rules;
  const fastest = Math.max(walk_speed, knockback_speed) / motions.tickRate;
  const far = Math.hypot(there.x - here.x, there.y - here.y);
  if (far === 0 || far > fastest * (end.tick - start.tick) * JUMP_SLACK + 0.01) return here;
  const begins = moves ? start.tick : Math.max(start.tick, end.tick - walkTicks(far, motions), (hit ?? 0) - 1);
  const share = clamp01((tick - begins) / (end.tick - begins));
  return { x: here.x + (there.x - here.x) * share, y: here.y + (there.y - here.y) * share };
}

/** Ticks that a way takes at least. Between two words of a quiet fight nothing moved, so it began
 * so long ago; where snapshots are withheld, that is longer than a tick. */
function walkTicks(far: number, { rules, tickRate }: Motions): number {
  return Math.max(1, Math.ceil((far * tickRate) / rules.walk_speed - WALKED_SLACK));
}

type PlaceAt = Place & { readonly tick: Tick };

function placed({ player: { x, y }, tick }: Known): PlaceAt {
  return { x, y, tick };
}

/** Returns where a player whose motion is known was at the whole ticks around that moment. */
function wholeTicks(
  from: Known,
  to: Known | null,
  tick: number,
  motions: Motions,
): { readonly start: PlaceAt; readonly end: PlaceAt } {
  const at = (whole: Tick): PlaceAt => {
    // What it does by the snapshot after it has done since that motion began.
    const begun = to !== null && whole >= Math.min(to.tick, to.player.motion?.since ?? to.tick);
    return { ...motions.placeAt(begun ? to.player : from.player, whole), tick: whole };
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
