// Draws the zone on the floor: what burns outside of it, its glowing edge, and where the edge will
// soon be. It must not know who stands where.

import type { ZoneNow } from "../zone.ts";
import { type Colour, css } from "../palette.ts";
import { type Brush, circle } from "./brush.ts";

export const EDGE: Colour = { hue: 16, saturation: 96, lightness: 58 };
/** Over everything outside. */
export const BURNING = "rgb(120 18 8 / 0.3)";
/** Width of the edge's glow into the fire, in units. */
const GLOW = 0.45;

export function paintZone({ ctx, camera, nowMs, widthPx, heightPx, calm }: Brush, zone: ZoneNow): void {
  const { x, y } = camera.toScreen(zone.x, zone.y);
  const radius = zone.radius * camera.scale;
  const { left, top, width, height } = camera.area;
  ctx.save();
  ctx.beginPath();
  ctx.roundRect(left, top, width, height, 10);
  ctx.clip();
  // A slow breath, as embers have.
  const breath = calm ? 1 : 1 + 0.12 * Math.sin(nowMs / 640);
  const farthest = Math.hypot(Math.max(x, widthPx - x), Math.max(y, heightPx - y));
  if (farthest > radius) {
    circle(ctx, x, y, radius);
    ctx.rect(0, 0, widthPx, heightPx);
    ctx.fillStyle = BURNING;
    ctx.fill("evenodd");
    const glow = ctx.createRadialGradient(x, y, radius, x, y, radius + GLOW * camera.scale);
    glow.addColorStop(0, css(EDGE, 0.3 * breath));
    glow.addColorStop(0.3, css(EDGE, 0.12 * breath));
    glow.addColorStop(1, css(EDGE, 0));
    ctx.fillStyle = glow;
    ctx.fill("evenodd");
    for (const [lineWidth, alpha] of GLOWING) {
      circle(ctx, x, y, radius);
      ctx.lineWidth = lineWidth;
      ctx.strokeStyle = css(EDGE, alpha * breath, 10);
      ctx.stroke();
    }
  }
  if (zone.soonRadius < zone.radius) {
    circle(ctx, x, y, zone.soonRadius * camera.scale);
    ctx.lineWidth = 1;
    ctx.setLineDash([3, 9]);
    ctx.strokeStyle = css(EDGE, 0.4);
    ctx.stroke();
  }
  ctx.restore();
}

/** The edge's strokes, widest first: cheaper than a shadow, and the same on every machine. */
const GLOWING: readonly (readonly [number, number])[] = [
  [9, 0.1],
  [4, 0.22],
  [1.5, 0.85],
];
