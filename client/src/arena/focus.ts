// Whom the camera follows in an arena that is not shown whole: yourself, and once you are out,
// somebody who is not. It must not know the canvas.

import type { Rules } from "../sdk/index.ts";
import type { Point } from "./camera.ts";
import type { ShownPlayer } from "./interpolate.ts";

/** The area in sight, in a mode where not everything is: a circle around the eye. */
export interface Sight extends Point {
  readonly radius: number;
}

/** As docs/protocol.md has it: the eye is in the own body, dead or alive, or in that of somebody
 * who is watched, else in the middle of the arena. */
export function sightOf(rules: Rules, body: Point | undefined): Sight | null {
  if (rules.vision_radius === null) return null;
  const { x, y } = body ?? { x: rules.arena_width / 2, y: rules.arena_height / 2 };
  return { x, y, radius: rules.vision_radius };
}

/** Time in which a jump is mostly followed: a blink is seen as a way, not as another place. */
const EASE_MS = 90;
/** Time that the place of a death stays in view. */
const LINGER_MS = 1_500;

export class Focus {
  readonly #calm: boolean;
  #at: Point | null = null;
  #followed: number | null = null;
  #killer: number | null = null;
  #lostAtMs: number | null = null;
  #updatedAtMs = 0;

  /** `calm`: the player asked for less motion. */
  constructor(calm: boolean) {
    this.#calm = calm;
  }

  /** The player that is followed. */
  get followed(): number | null {
    return this.#followed;
  }

  /** A new match. */
  reset(): void {
    this.#at = null;
    this.#followed = null;
    this.#killer = null;
    this.#lostAtMs = null;
  }

  /** Notes a death. The killer of the player that is followed is worth watching next. */
  onDeath(player: number, by: number | null): void {
    if (player === this.#followed) this.#killer = by;
  }

  /** Returns the place to keep in the middle, `null` for the middle of the arena. Whoever does not
   * see everything looks where `sight` is: there is nobody to follow elsewhere. */
  update(players: readonly ShownPlayer[], seat: number, sight: Sight | null, nowMs: number): Point | null {
    const passedMs = Math.max(0, nowMs - this.#updatedAtMs);
    this.#updatedAtMs = nowMs;
    const target = sight ?? this.#choose(players, seat, nowMs);
    if (target === null) return this.#at;
    const share = this.#at === null || this.#calm ? 1 : 1 - Math.exp(-passedMs / EASE_MS);
    const from = this.#at ?? target;
    this.#at = { x: from.x + (target.x - from.x) * share, y: from.y + (target.y - from.y) * share };
    return this.#at;
  }

  #choose(players: readonly ShownPlayer[], seat: number, nowMs: number): Point | null {
    const living = players.filter((player) => player.life === "alive");
    const self = living.find((player) => player.id === seat);
    const kept = self ?? living.find((player) => player.id === this.#followed);
    if (kept !== undefined) {
      this.#followed = kept.id;
      this.#lostAtMs = null;
      return kept;
    }
    this.#lostAtMs ??= nowMs;
    if (this.#followed !== null && nowMs - this.#lostAtMs < LINGER_MS) return null;
    const next = living.find((player) => player.id === this.#killer) ?? nearest(living, this.#at);
    this.#followed = next?.id ?? null;
    return next ?? null;
  }
}

function nearest(players: readonly ShownPlayer[], to: Point | null): ShownPlayer | undefined {
  if (to === null) return players[0];
  const far = (player: ShownPlayer) => Math.hypot(player.x - to.x, player.y - to.y);
  return [...players].sort((a, b) => far(a) - far(b))[0];
}
