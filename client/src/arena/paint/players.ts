// The players: bodies whose size is their health, the ring of full health, names. It must not draw
// what is private to this seat; `markers.ts` does.

import type { Rules } from "../../sdk/index.ts";
import type { ShownPlayer } from "../interpolate.ts";
import { cutName } from "../names.ts";
import { type Colour, css } from "../palette.ts";
import { type Brush, circle, textPx } from "./brush.ts";

export interface PlayerLook {
  readonly colour: Colour;
  readonly name: string;
  readonly bot: boolean;
  readonly own: boolean;
  /** The connection of this player is gone; the body stays. */
  readonly away: boolean;
  /** From 1 (just hit) to 0. */
  readonly flash: number;
  /** The health that is drawn, on its way to the real one. */
  readonly health: number;
}

/** A smaller body than this is not outlined in dashes: it would look gnawed at. */
const DASHED_PX_MIN = 8;

export function paintBody(brush: Brush, rules: Rules, player: ShownPlayer, look: PlayerLook): void {
  const { ctx, camera } = brush;
  const { x, y } = camera.toScreen(player.x, player.y);
  const full = rules.health * rules.radius_per_health * camera.scale;
  const radius = look.health * rules.radius_per_health * camera.scale;
  const fade = look.away ? 0.45 : 1;

  paintFullRing(ctx, x, y, full, look);

  ctx.save();
  ctx.globalAlpha = fade;
  ctx.shadowColor = css(look.colour, 0.55);
  ctx.shadowBlur = look.own ? 18 : 10;
  circle(ctx, x, y, radius);
  const shade = ctx.createRadialGradient(x - radius * 0.3, y - radius * 0.35, radius * 0.1, x, y, radius);
  shade.addColorStop(0, css(look.colour, 1, 16 + 30 * look.flash));
  shade.addColorStop(1, css(look.colour, 1, -10 + 30 * look.flash));
  ctx.fillStyle = shade;
  ctx.fill();
  ctx.restore();

  circle(ctx, x, y, radius - 0.5);
  ctx.lineWidth = look.own ? 2.5 : 1.25;
  ctx.strokeStyle = look.own ? `rgb(255 255 255 / ${0.92 * fade})` : css(look.colour, 0.9 * fade, 14);
  if (look.bot && radius > DASHED_PX_MIN) ctx.setLineDash([3, 3]);
  ctx.stroke();
  ctx.setLineDash([]);

  if (look.flash > 0) {
    circle(ctx, x, y, radius + 1);
    ctx.fillStyle = `rgb(255 255 255 / ${0.75 * look.flash})`;
    ctx.fill();
  }
}

/** Paints what is missing to full health, as a faint band around the body. */
function paintFullRing(ctx: CanvasRenderingContext2D, x: number, y: number, full: number, look: PlayerLook): void {
  circle(ctx, x, y, full);
  ctx.fillStyle = css(look.colour, 0.07);
  ctx.fill();
  ctx.lineWidth = 1;
  ctx.strokeStyle = css(look.colour, 0.34);
  ctx.stroke();
}

export function paintName(brush: Brush, rules: Rules, player: ShownPlayer, look: PlayerLook): void {
  const { ctx, camera, widthPx } = brush;
  const at = camera.toScreen(player.x, player.y);
  const full = rules.health * rules.radius_per_health * camera.scale;
  const gap = look.own ? 13 : 6;
  const size = textPx(camera, 10.5, 14);
  ctx.font = `${look.own ? 600 : 500} ${size}px system-ui, sans-serif`;
  ctx.textAlign = "center";
  ctx.textBaseline = "alphabetic";
  const name = cutName(look.name);
  const width = ctx.measureText(name).width;
  // A name that would leave the canvas is pushed back in, or goes below the body.
  const x = Math.min(widthPx - width / 2 - 4, Math.max(width / 2 + 4, at.x));
  const above = at.y - full - gap;
  const y = above < size + 2 ? at.y + full + gap + size * 0.8 : above;
  ctx.lineWidth = size / 5;
  ctx.lineJoin = "round";
  ctx.strokeStyle = "rgb(9 12 18 / 0.8)";
  ctx.strokeText(name, x, y);
  ctx.fillStyle = look.own ? "#ffffff" : look.bot ? css(look.colour, 0.78, 8) : css(look.colour, 1, 14);
  ctx.fillText(name, x, y);
}
