// Units of the arena to pixels of the canvas and back. Pure. It must not draw.

import type { Rules } from "../sdk/index.ts";

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Room around the arena in CSS pixels, for the edge's glow. */
const MARGIN_PX = 10;
/** And in units: the ring of full health of somebody small reaches over the wall. */
const MARGIN = 0.02;
/** Arenas wider than this are not shown whole: the camera follows the player. */
const SPAN_MAX = 2.6;

export class Camera {
  /** CSS pixels per unit. */
  readonly scale: number;
  readonly #left: number;
  readonly #top: number;

  /** `focus`: what to keep in the middle when the arena does not fit. */
  constructor(widthPx: number, heightPx: number, rules: Rules, focus: Point | null) {
    const { arena_width: width, arena_height: height } = rules;
    const spanX = Math.min(width, SPAN_MAX) + 2 * MARGIN;
    const spanY = Math.min(height, (SPAN_MAX * 9) / 16) + 2 * MARGIN;
    this.scale = Math.max(1, Math.min((widthPx - 2 * MARGIN_PX) / spanX, (heightPx - 2 * MARGIN_PX) / spanY));
    this.#left = offset(widthPx, width, this.scale, focus?.x ?? width / 2);
    this.#top = offset(heightPx, height, this.scale, focus?.y ?? height / 2);
  }

  toScreen(x: number, y: number): Point {
    return { x: this.#left + x * this.scale, y: this.#top + y * this.scale };
  }

  toWorld(xPx: number, yPx: number): Point {
    return { x: (xPx - this.#left) / this.scale, y: (yPx - this.#top) / this.scale };
  }
}

/** Where unit 0 lies: centred when all fits, otherwise following without showing more outside than needed. */
function offset(sizePx: number, size: number, scale: number, focus: number): number {
  const wholePx = size * scale;
  const marginPx = MARGIN_PX + MARGIN * scale;
  if (wholePx + 2 * marginPx <= sizePx + 1) return (sizePx - wholePx) / 2;
  return Math.min(marginPx, Math.max(sizePx - wholePx - marginPx, sizePx / 2 - focus * scale));
}
