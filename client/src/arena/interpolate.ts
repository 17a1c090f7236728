// Where everything is at a moment between two snapshots. Pure. It must not invent anything: a player is on the way
// from one known place to the next, a fireball is on its known line.

import type { FireballState, Life, PlayerState, Rules, Snapshot } from "../sdk/index.ts";
import type { Timeline } from "./timeline.ts";

export interface ShownPlayer {
  readonly id: number;
  readonly x: number;
  readonly y: number;
  readonly health: number;
  readonly life: Life;
}

export interface ShownFireball {
  readonly id: number;
  readonly owner: number;
  readonly x: number;
  readonly y: number;
  readonly towardX: number;
  readonly towardY: number;
  /** Where it was first seen; its trail does not reach behind that. */
  readonly fromX: number;
  readonly fromY: number;
}

export interface Moment {
  readonly players: readonly ShownPlayer[];
  readonly fireballs: readonly ShownFireball[];
}

/** How long a fireball is drawn on past the newest snapshot, in seconds. */
const EXTRAPOLATE_S = 0.5;
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
    fireballs: showFireballs(timeline, base, after, tick, rules, tickRate),
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

function showFireballs(
  timeline: Timeline,
  before: Snapshot,
  after: Snapshot | null,
  tick: number,
  rules: Rules,
  tickRate: number,
): ShownFireball[] {
  const unitsPerTick = rules.fireball_speed / tickRate;
  const shown: ShownFireball[] = [];
  const seen = new Set<number>();
  const add = (f: FireballState, travelled: number) => {
    const track = timeline.track(f.id);
    if (track?.endTick != null && tick >= track.endTick) return;
    const { x, y } = along(f, travelled);
    shown.push({ ...f, x, y, fromX: track?.fromX ?? f.x, fromY: track?.fromY ?? f.y });
  };
  for (const f of before.fireballs) {
    seen.add(f.id);
    const to = after?.fireballs.find((other) => other.id === f.id);
    const ticks = Math.max(0, tick - before.tick);
    if (after !== null && to !== undefined) {
      const share = clamp01(ticks / (after.tick - before.tick));
      add(f, Math.hypot(to.x - f.x, to.y - f.y) * share);
    } else if (after !== null || ticks / tickRate <= EXTRAPOLATE_S) {
      add(f, ticks * unitsPerTick);
    }
  }
  // Shot in a gap between two snapshots: it is older than the snapshot that first shows it.
  for (const f of after?.fireballs ?? []) {
    const born = timeline.track(f.id)?.bornTick;
    if (after === null || seen.has(f.id) || born === undefined || tick < born) continue;
    add(f, (tick - after.tick) * unitsPerTick);
  }
  return shown;
}

/** The place so far along the fireball's line, never beyond its end. */
function along(f: FireballState, travelled: number): { readonly x: number; readonly y: number } {
  const dx = f.towardX - f.x;
  const dy = f.towardY - f.y;
  const left = Math.hypot(dx, dy);
  if (left === 0) return f;
  const share = Math.min(1, travelled / left);
  return { x: f.x + dx * share, y: f.y + dy * share };
}

function clamp01(value: number): number {
  return Math.min(1, Math.max(0, value));
}
