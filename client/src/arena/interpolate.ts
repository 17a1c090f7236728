// Where everything is at a moment between two snapshots. Pure. It must not invent anything: a player is on the way
// from one known place to the next, a fireball is on its known line, where the tick says.

import type { FireballState, Life, PlayerState, Rules, Snapshot } from "../sdk/index.ts";
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

/** A step longer than this share above the fastest legal motion is a jump, and is not drawn as a walk. */
const JUMP_SLACK = 1.5;

export function momentAt(timeline: Timeline, tick: number, rules: Rules, tickRate: number): Moment {
  const { before, after: next } = timeline.around(tick);
  const base = before ?? next;
  if (base === null) return { players: [], fireballs: [] };
  // Older than anything known, as after a reconnect: the first snapshot stands still until its time has come.
  const after = before === null ? null : next;
  return {
    players: base.players.map((player) => showPlayer(timeline, player, base, after, tick, rules, tickRate)),
    fireballs: showFireballs(base, after, tick, rules.fireball_speed / tickRate),
  };
}

function showPlayer(
  timeline: Timeline,
  from: PlayerState,
  before: Snapshot,
  after: Snapshot | null,
  tick: number,
  rules: Rules,
  tickRate: number,
): ShownPlayer {
  const to = after?.players.find((player) => player.id === from.id);
  if (after === null || to === undefined || after.tick <= before.tick) return from;
  const blinked = timeline.blinkBetween(from.id, before.tick, after.tick);
  if (blinked !== null) return tick >= blinked ? { ...from, x: to.x, y: to.y } : from;
  const fastest = Math.max(rules.walk_speed, rules.knockback_speed) / tickRate;
  const ticks = after.tick - before.tick;
  const far = Math.hypot(to.x - from.x, to.y - from.y);
  if (far > fastest * ticks * JUMP_SLACK + 0.01) return from;
  const share = clamp01((tick - before.tick) / ticks);
  return { ...from, x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
}

/** Those of the snapshot before, and those that were shot since. */
function showFireballs(
  before: Snapshot,
  after: Snapshot | null,
  tick: number,
  unitsPerTick: number,
): ShownFireball[] {
  const known = new Map([...before.fireballs, ...(after?.fireballs ?? [])].map((f) => [f.id, f]));
  // The match's time stands still when it is over; the clock does not.
  const now = before.phase === "over" ? Math.min(tick, before.tick) : tick;
  return [...known.values()].flatMap((f) => flying(f, now - f.since, unitsPerTick) ?? []);
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
