// The arguments that every painter gets: the canvas, the camera, the time. It must hold nothing
// that outlives a frame.

import type { Camera } from "../camera.ts";

export interface Brush {
  readonly ctx: CanvasRenderingContext2D;
  readonly camera: Camera;
  readonly nowMs: number;
  /** Size of the canvas in CSS pixels. */
  readonly widthPx: number;
  readonly heightPx: number;
  /** The player asked for less motion: no particles, no pulses. */
  readonly calm: boolean;
}

export const FULL_TURN = Math.PI * 2;

export function circle(ctx: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  ctx.beginPath();
  ctx.arc(x, y, Math.max(0, radius), 0, FULL_TURN);
}

/** The size of a text in CSS pixels: between `least` and `most` on most screens, larger on a very
 * large one. */
export function textPx({ scale }: Camera, least: number, most: number): number {
  const grown = scale * 0.026;
  return Math.max(least, Math.min(most, grown), grown / 2);
}

/** A value that starts fast and settles; `t` from 0 to 1. */
export function easeOut(t: number): number {
  return 1 - (1 - t) ** 3;
}
