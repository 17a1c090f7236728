// The place of a large arena's small map on the canvas, and the places on it. Pure. It must not
// draw.

import type { Rules } from "../sdk/index.ts";
import type { Area, Point } from "./camera.ts";

/** Distance from the corner of the canvas in CSS pixels. */
const INSET_PX = 10;
/** Its width as a share of the canvas, and its bounds in CSS pixels. */
const SHARE = 0.19;
const WIDTH_PX_MIN = 116;
const WIDTH_PX_MAX = 230;

export class Minimap {
  readonly area: Area;
  /** CSS pixels per unit. */
  readonly scale: number;

  constructor(canvasWidthPx: number, { arena_width, arena_height }: Rules) {
    const width = Math.min(WIDTH_PX_MAX, Math.max(WIDTH_PX_MIN, canvasWidthPx * SHARE));
    this.scale = width / arena_width;
    this.area = { left: INSET_PX, top: INSET_PX, width, height: arena_height * this.scale };
  }

  contains(xPx: number, yPx: number): boolean {
    const { left, top, width, height } = this.area;
    return xPx >= left && yPx >= top && xPx <= left + width && yPx <= top + height;
  }

  toScreen(x: number, y: number): Point {
    return { x: this.area.left + x * this.scale, y: this.area.top + y * this.scale };
  }

  toWorld(xPx: number, yPx: number): Point {
    return { x: (xPx - this.area.left) / this.scale, y: (yPx - this.area.top) / this.scale };
  }
}
