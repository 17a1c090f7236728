// Units of the arena to pixels of the canvas and back. Pure. It must not draw.
//
// On a canvas much higher than wide the arena is turned by 90° clockwise: x goes down the screen, y
// to the left. A phone that is then laid on its left side shows every place where it was on the
// glass.

import type { Rules } from "../sdk/index.ts";

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A rectangle of the canvas in CSS pixels. */
export interface Area {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Room around the arena in CSS pixels, for the edge's glow and the cooldowns around the own
 * body. */
const MARGIN_PX = 10;
/** The part of a larger arena that is seen at once, in units, where everything may be seen. */
const SPAN_MAX = 5;
/** Space that is kept around somebody who has left the arena, in CSS pixels. */
const BESIDE_PX = 60;
/** Bodies of full health get no smaller than this, or a thumb could not tell them apart. */
const BODY_PX_MIN = 8;
/** The arena is turned only where that makes it so much larger: a window dragged about square must
 * not spin it. */
const TURN_GAIN = 1.1;

export class Camera {
  /** CSS pixels per unit. */
  readonly scale: number;
  /** True if only a part is shown, around the focus. Such an arena is not turned: nothing would be
   * gained. */
  readonly followed: boolean;
  /** True if the arena lies on its side. */
  readonly turned: boolean;
  /** The place of the whole arena; parts of it may lie outside the canvas. */
  readonly area: Area;
  readonly #height: number;

  /** `focus`: what to keep in the middle when the arena does not fit. */
  constructor(widthPx: number, heightPx: number, rules: Rules, focus: Point | null) {
    const { arena_width: width, arena_height: height } = rules;
    const span = rules.vision_radius === null ? SPAN_MAX : 2 * rules.vision_radius;
    this.#height = height;
    this.followed = Math.max(width, height) > span;
    const upright = fit(widthPx, heightPx, rules);
    const onSide = fit(heightPx, widthPx, rules);
    this.turned = !this.followed && onSide > upright * TURN_GAIN;
    this.scale = this.followed
      ? part(Math.max(widthPx, heightPx), span, rules)
      : this.turned
        ? onSide
        : upright;
    const size = this.turned ? { x: height, y: width } : { x: width, y: height };
    const middle = this.#turn(focus?.x ?? width / 2, focus?.y ?? height / 2);
    // Without walls whoever walks out takes the view along.
    const beyond = rules.walls === "open" && focus !== null;
    const place = (sizePx: number, whole: number, at: number) => {
      const begin = offset(sizePx, whole, this.scale, at, margin(rules));
      return beyond ? held(begin, sizePx, at * this.scale) : begin;
    };
    this.area = {
      left: place(widthPx, size.x, middle.x),
      top: place(heightPx, size.y, middle.y),
      width: size.x * this.scale,
      height: size.y * this.scale,
    };
  }

  toScreen(x: number, y: number): Point {
    const seen = this.#turn(x, y);
    return { x: this.area.left + seen.x * this.scale, y: this.area.top + seen.y * this.scale };
  }

  toWorld(xPx: number, yPx: number): Point {
    const right = (xPx - this.area.left) / this.scale;
    const down = (yPx - this.area.top) / this.scale;
    return this.turned ? { x: down, y: this.#height - right } : { x: right, y: down };
  }

  /** A place in the arena as units to the right of and below the corner of what is seen. */
  #turn(x: number, y: number): Point {
    return this.turned ? { x: this.#height - y, y: x } : { x, y };
  }
}

/** Room around the arena in units: the ring of full health of the smallest body reaches over the
 * wall. */
function margin({ health, hit_damage: damage, dead_at: dead, radius_per_health: radius, zone }: Rules): number {
  const lost = zone === null ? (Math.ceil((health - dead) / damage) - 1) * damage : health - dead;
  return lost * radius;
}

/** The scale at which the arena fits between the margins. */
function fit(alongPx: number, acrossPx: number, rules: Rules): number {
  const { arena_width: width, arena_height: height } = rules;
  const around = 2 * margin(rules);
  const along = (alongPx - 2 * MARGIN_PX) / (width + around);
  return Math.max(1, Math.min(along, (acrossPx - 2 * MARGIN_PX) / (height + around)));
}

/** The scale at which so many units are along the canvas's longer side, or fewer if bodies would be
 * too small. */
function part(longerPx: number, span: number, { health, radius_per_health }: Rules): number {
  return Math.max(longerPx / span, BODY_PX_MIN / (health * radius_per_health));
}

/** The place of unit 0 so that a place stays on the canvas, with a body's room around it. */
function held(begin: number, sizePx: number, atPx: number): number {
  const marginPx = Math.min(BESIDE_PX, sizePx / 4);
  return Math.min(Math.max(begin, marginPx - atPx), sizePx - marginPx - atPx);
}

/** The place of unit 0: centred when all fits, otherwise following without showing more outside
 * than needed. */
function offset(sizePx: number, size: number, scale: number, focus: number, around: number): number {
  const wholePx = size * scale;
  const marginPx = MARGIN_PX + around * scale;
  if (wholePx + 2 * marginPx <= sizePx + 1) return (sizePx - wholePx) / 2;
  return Math.min(marginPx, Math.max(sizePx - wholePx - marginPx, sizePx / 2 - focus * scale));
}
