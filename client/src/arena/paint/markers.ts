// Markers that only this seat sees: the walk target, the aim, the cooldowns around the own body.

import type { Rules } from "../../sdk/index.ts";
import type { Point } from "../camera.ts";
import type { Aim } from "../controls.ts";
import { type Colour, css } from "../palette.ts";
import { type Brush, circle, easeOut } from "./brush.ts";

/** The two abilities have their colours everywhere: around the body and on the buttons. */
export const FIRE_COLOUR: Colour = { hue: 32, saturation: 96, lightness: 64 };
export const BLINK_COLOUR: Colour = { hue: 216, saturation: 92, lightness: 74 };

/** Time in which the walk target's ring shrinks. */
const MARK_MS = 350;

export function paintWalkTarget(
  brush: Brush,
  target: Point & { readonly atMs: number },
  self: Point | null,
  colour: Colour,
): void {
  const { ctx, camera, nowMs, calm } = brush;
  const { x, y } = camera.toScreen(target.x, target.y);
  const age = Math.min(1, (nowMs - target.atMs) / MARK_MS);
  if (self !== null) {
    const from = camera.toScreen(self.x, self.y);
    ctx.beginPath();
    ctx.moveTo(from.x, from.y);
    ctx.lineTo(x, y);
    ctx.lineWidth = 1;
    ctx.setLineDash([2, 6]);
    ctx.strokeStyle = css(colour, 0.35);
    ctx.stroke();
    ctx.setLineDash([]);
  }
  circle(ctx, x, y, calm ? 5 : 5 + 12 * (1 - easeOut(age)));
  ctx.lineWidth = 1.5;
  ctx.strokeStyle = css(colour, 0.9);
  ctx.stroke();
  circle(ctx, x, y, 1.8);
  ctx.fillStyle = css(colour, 0.9);
  ctx.fill();
}

export function paintAim(brush: Brush, rules: Rules, aim: Aim, self: Point): void {
  const { ctx, camera } = brush;
  const dx = aim.x - self.x;
  const dy = aim.y - self.y;
  const far = Math.hypot(dx, dy);
  if (far === 0) return;
  const full = rules.health * rules.radius_per_health;
  ctx.save();
  if (rules.walls === "solid") clipToArena(brush);
  if (aim.intent === "shoot") {
    const reach = rules.fireball_range;
    const start = camera.toScreen(self.x + (dx / far) * full * 1.3, self.y + (dy / far) * full * 1.3);
    const end = camera.toScreen(self.x + (dx / far) * reach, self.y + (dy / far) * reach);
    const line = ctx.createLinearGradient(start.x, start.y, end.x, end.y);
    line.addColorStop(0, css(FIRE_COLOUR, 0.8));
    line.addColorStop(1, css(FIRE_COLOUR, 0.05));
    ctx.beginPath();
    ctx.moveTo(start.x, start.y);
    ctx.lineTo(end.x, end.y);
    ctx.lineWidth = 1.5;
    ctx.strokeStyle = line;
    ctx.stroke();
    ctx.restore();
    return;
  }
  const share = Math.min(1, rules.blink_range / far);
  const to = camera.toScreen(self.x + dx * share, self.y + dy * share);
  circle(ctx, to.x, to.y, full * camera.scale);
  ctx.lineWidth = 1.5;
  ctx.setLineDash([4, 4]);
  ctx.strokeStyle = css(BLINK_COLOUR, 0.85);
  ctx.stroke();
  ctx.restore();
}

/** Paints how far a blink goes at most. */
export function paintReach(brush: Brush, rules: Rules, self: Point): void {
  const { ctx, camera } = brush;
  const { x, y } = camera.toScreen(self.x, self.y);
  ctx.save();
  if (rules.walls === "solid") clipToArena(brush);
  circle(ctx, x, y, rules.blink_range * camera.scale);
  ctx.lineWidth = 1;
  ctx.strokeStyle = css(BLINK_COLOUR, 0.3);
  ctx.stroke();
  ctx.restore();
}

/** Clips to the arena: a fireball ends at a wall, and so does its aim. */
function clipToArena({ ctx, camera }: Brush): void {
  const { left, top, width, height } = camera.area;
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
}

/** `fire`, `blink`: from 0 (just used) to 1 (ready). Left half of the ring and right half. */
export function paintCooldowns(brush: Brush, rules: Rules, self: Point, fire: number, blink: number): void {
  const { x, y } = brush.camera.toScreen(self.x, self.y);
  const radius = rules.health * rules.radius_per_health * brush.camera.scale + 6;
  paintHalf(brush.ctx, x, y, radius, fire, FIRE_COLOUR, true);
  paintHalf(brush.ctx, x, y, radius, blink, BLINK_COLOUR, false);
}

function paintHalf(
  ctx: CanvasRenderingContext2D,
  x: number,
  y: number,
  radius: number,
  ready: number,
  colour: Colour,
  left: boolean,
): void {
  const gap = 0.16;
  const bottom = Math.PI / 2;
  const sweep = Math.PI - 2 * gap;
  const start = left ? bottom + gap : bottom - gap;
  const end = (share: number) => (left ? start + sweep * share : start - sweep * share);
  ctx.lineCap = "round";
  ctx.lineWidth = 3;
  ctx.beginPath();
  ctx.arc(x, y, radius, start, end(1), !left);
  ctx.strokeStyle = css(colour, 0.14);
  ctx.stroke();
  if (ready > 0) {
    ctx.beginPath();
    ctx.arc(x, y, radius, start, end(ready), !left);
    ctx.strokeStyle = css(colour, ready >= 1 ? 0.95 : 0.5);
    ctx.stroke();
  }
  ctx.lineCap = "butt";
}
