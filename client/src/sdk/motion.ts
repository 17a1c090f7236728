// The place of a player at a tick, when it was told as a motion, bit for bit as the server has it.
// Pure, by docs/protocol.md, in 32-bit floats: `Math.fround` after each operation, and nothing but
// + − × ÷ and the square root. It must do the same as sim/src/model/motion.rs.

import { COORDINATE_MAX, STEPS_PER_UNIT } from "./grid.ts";
import type { Motion, PlayerState, Rules, Snapshot, Tick } from "./messages.ts";

/** A place in units. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

/** Steps per second of the push table, at every tick rate. */
const PUSH_HZ = 60;
/** Far more steps than any push that the server's rules allow: a table never grows without end. */
const PUSH_STEPS_MAX = 4096;

const f = Math.fround;

/** The motions of a mode at a tick rate. */
export class Motions {
  readonly rules: Rules;
  readonly tickRate: number;
  /** Units a walker goes in a tick. */
  readonly #step: number;
  /** Units covered after each step of a push. */
  readonly #push: readonly number[];

  constructor(rules: Rules, tickRate: number) {
    this.rules = rules;
    this.tickRate = tickRate;
    this.#step = f(f(rules.walk_speed) / tickRate);
    this.#push = pushTable(rules);
  }

  /** Returns where a player is at the end of `tick`, if the server says nothing new of it until
   * then. */
  placeAt({ motion, health, x, y }: PlayerState, tick: Tick): Place {
    if (motion === null) return { x, y };
    const ticks = Math.max(0, tick - motion.since);
    const { fromX, fromY, toX, toY } = motion;
    const [vx, vy] = [f(toX - fromX), f(toY - fromY)];
    const length = f(Math.sqrt(f(f(vx * vx) + f(vy * vy))));
    if (motion.kind === "push") return this.#pushed(motion, f(vx / (length || 1)), f(vy / (length || 1)), ticks, health);
    const gone = f(this.#step * f(ticks));
    if (gone >= length) return { x: toX, y: toY };
    const share = f(gone / length);
    return { x: onGrid(f(fromX + f(vx * share))), y: onGrid(f(fromY + f(vy * share))) };
  }

  /** The same with everybody where they are at the end of `tick`. */
  seenAt(known: Snapshot, tick: Tick): Snapshot {
    const players = known.players.map((player) => ({ ...player, ...this.placeAt(player, tick) }));
    return { ...known, tick, players };
  }

  #pushed({ fromX, fromY }: Motion, ux: number, uy: number, ticks: number, health: number): Place {
    const { arena_width: width, arena_height: height, radius_per_health } = this.rules;
    const entry = Math.min(Math.trunc((ticks * PUSH_HZ) / this.tickRate), this.#push.length - 1);
    const far = this.#push[entry] ?? 0;
    const radius = f(health * f(radius_per_health));
    return {
      x: onGrid(this.#inside(f(fromX + f(ux * far)), radius, f(width))),
      y: onGrid(this.#inside(f(fromY + f(uy * far)), radius, f(height))),
    };
  }

  /** One coordinate, kept in the arena by a body's radius. */
  #inside(value: number, radius: number, size: number): number {
    const [begin, end] = this.rules.walls === "solid" ? [0, size] : [-COORDINATE_MAX, COORDINATE_MAX];
    const middle = onGrid(f(f(begin + end) * 0.5));
    const low = Math.ceil(f(begin + radius) * STEPS_PER_UNIT) / STEPS_PER_UNIT;
    const high = Math.floor(f(end - radius) * STEPS_PER_UNIT) / STEPS_PER_UNIT;
    return Math.min(Math.max(value, Math.min(low, middle)), Math.max(high, middle));
  }
}

/** Entry `k` is the distance after `k` steps: each goes `speed / 60`, then keeps a share of its
 * speed. */
function pushTable({ knockback_speed, knockback_kept, knockback_ends_below }: Rules): readonly number[] {
  const table = [0];
  let far = 0;
  let speed = f(knockback_speed);
  while (speed >= f(knockback_ends_below) && table.length < PUSH_STEPS_MAX) {
    far = f(far + f(speed / PUSH_HZ));
    speed = f(speed * f(knockback_kept));
    table.push(far);
  }
  return table;
}

/** The nearest place of the grid, halves away from zero; never −0. */
function onGrid(units: number): number {
  const steps = Math.sign(units) * Math.floor(Math.abs(units) * STEPS_PER_UNIT + 0.5);
  const max = COORDINATE_MAX * STEPS_PER_UNIT;
  return Math.min(max, Math.max(-max, steps)) / STEPS_PER_UNIT + 0;
}
