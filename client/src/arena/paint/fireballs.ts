// The fireballs: core, glow, trail, and the thin line to where each ends if it hits nobody.

import type { Rules } from "../../sdk/index.ts";
import type { ShownFireball } from "../interpolate.ts";
import { type Colour, css } from "../palette.ts";
import { type Brush, circle } from "./brush.ts";

/** Longest trail in units. */
const TRAIL = 0.2;

/** Below the players: where it goes. Of one whose end nobody is told, the direction only. */
export function paintPath({ ctx, camera }: Brush, ball: ShownFireball, colour: Colour, endKnown: boolean): void {
  const at = camera.toScreen(ball.x, ball.y);
  const end = camera.toScreen(ball.towardX, ball.towardY);
  const line = ctx.createLinearGradient(at.x, at.y, end.x, end.y);
  line.addColorStop(0, css(colour, 0.5));
  line.addColorStop(1, css(colour, endKnown ? 0.16 : 0));
  ctx.beginPath();
  ctx.moveTo(at.x, at.y);
  ctx.lineTo(end.x, end.y);
  ctx.lineWidth = 1;
  ctx.strokeStyle = line;
  ctx.stroke();
  if (!endKnown) return;
  circle(ctx, end.x, end.y, 3);
  ctx.strokeStyle = css(colour, 0.45);
  ctx.stroke();
}

/** Above the players. */
export function paintFireball(brush: Brush, rules: Rules, ball: ShownFireball, colour: Colour): void {
  const { ctx, camera, nowMs, calm } = brush;
  const at = camera.toScreen(ball.x, ball.y);
  const radius = Math.max(3, rules.fireball_radius * camera.scale);
  ctx.save();
  ctx.globalCompositeOperation = "lighter";
  paintTrail(brush, ball, radius, colour);
  const flicker = calm ? 1 : 1 + 0.08 * Math.sin(nowMs / 37 + ball.id);
  const glow = ctx.createRadialGradient(at.x, at.y, 0, at.x, at.y, radius * 3.4 * flicker);
  glow.addColorStop(0, css(colour, 0.6, 10));
  glow.addColorStop(0.35, css(colour, 0.28));
  glow.addColorStop(1, css(colour, 0));
  circle(ctx, at.x, at.y, radius * 3.4 * flicker);
  ctx.fillStyle = glow;
  ctx.fill();
  ctx.restore();

  circle(ctx, at.x, at.y, radius);
  const core = ctx.createRadialGradient(at.x, at.y, 0, at.x, at.y, radius);
  core.addColorStop(0, "#ffffff");
  core.addColorStop(0.45, css(colour, 1, 26));
  core.addColorStop(1, css(colour));
  ctx.fillStyle = core;
  ctx.fill();
}

/** A wedge back along the way it came, on the screen: the camera may be turned. */
function paintTrail({ ctx, camera }: Brush, ball: ShownFireball, radius: number, colour: Colour): void {
  const at = camera.toScreen(ball.x, ball.y);
  const from = camera.toScreen(ball.fromX, ball.fromY);
  const flown = Math.hypot(at.x - from.x, at.y - from.y);
  if (flown === 0) return;
  const length = Math.min(TRAIL * camera.scale, flown);
  const ux = (at.x - from.x) / flown;
  const uy = (at.y - from.y) / flown;
  const tailX = at.x - ux * length;
  const tailY = at.y - uy * length;
  const fade = ctx.createLinearGradient(at.x, at.y, tailX, tailY);
  fade.addColorStop(0, css(colour, 0.7, 6));
  fade.addColorStop(0.4, css(colour, 0.25));
  fade.addColorStop(1, css(colour, 0));
  ctx.beginPath();
  ctx.moveTo(at.x - uy * radius, at.y + ux * radius);
  ctx.lineTo(tailX, tailY);
  ctx.lineTo(at.x + uy * radius, at.y - ux * radius);
  ctx.closePath();
  ctx.fillStyle = fade;
  ctx.fill();
}
