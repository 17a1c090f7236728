// Draws the short-lived marks. It must not keep or change them.

import { type Effect, LIFETIME_MS } from "../effects.ts";
import { css } from "../palette.ts";
import { type Brush, circle, easeOut, FULL_TURN, textPx } from "./brush.ts";

const SPARKS = 12;

export function paintEffect(brush: Brush, effect: Effect): void {
  const age = Math.min(1, Math.max(0, (brush.nowMs - effect.bornMs) / LIFETIME_MS[effect.kind]));
  const { ctx } = brush;
  ctx.save();
  switch (effect.kind) {
    case "burst":
      paintBurst(brush, effect, age);
      break;
    case "burn":
      ring(brush, effect, effect.radius * (0.9 + 0.4 * easeOut(age)), 2 * (1 - age) + 0.5, 0.8 * (1 - age));
      paintLoss(brush, effect, age);
      break;
    case "flight":
      paintStreak(brush, effect, brush.camera.scale * effect.radius * 0.35 * (1 - age), 0.7 * (1 - age));
      break;
    case "death":
      paintDeath(brush, effect, age);
      break;
    case "blink":
      paintBlink(brush, effect, age);
      break;
    case "muzzle":
      ring(brush, effect, effect.radius * (1 + 0.25 * easeOut(age)), 1.5, 0.5 * (1 - age));
      break;
    case "fizzle":
      ring(brush, effect, 0.008 + 0.014 * easeOut(age), 1.5, 0.6 * (1 - age));
      break;
  }
  ctx.restore();
}

// Not `Extract`: one shape may serve several kinds.
type Of<K extends Effect["kind"]> = Effect & { readonly kind: K };
type Placed = { readonly x: number; readonly y: number; readonly colour: Effect["colour"] };

/** Beside a wall it grows no larger than the canvas allows, where that is all there is to see. */
function ring(brush: Brush, at: Placed, radius: number, width: number, alpha: number): void {
  const { ctx, camera, widthPx, heightPx } = brush;
  const { x, y } = camera.toScreen(at.x, at.y);
  const roomPx = Math.min(x, y, widthPx - x, heightPx - y) - width;
  circle(ctx, x, y, camera.followed ? radius * camera.scale : Math.min(radius * camera.scale, roomPx));
  ctx.lineWidth = width;
  ctx.strokeStyle = css(at.colour, alpha, 12);
  ctx.stroke();
}

function paintBurst(brush: Brush, effect: Of<"burst">, age: number): void {
  const { ctx, camera, calm } = brush;
  const grown = calm ? 1 : easeOut(age);
  ctx.globalCompositeOperation = "lighter";
  ring(brush, effect, effect.radius * (1 + 0.9 * grown), 3 * (1 - age) + 0.5, 0.9 * (1 - age));
  const { x, y } = camera.toScreen(effect.x, effect.y);
  if (!calm) {
    const reach = effect.radius * camera.scale;
    ctx.lineWidth = 2 * (1 - age);
    ctx.strokeStyle = css(effect.colour, 1 - age, 18);
    ctx.beginPath();
    for (let i = 0; i < SPARKS; i += 1) {
      // Spread by index, not by chance: the same hit looks the same on every page.
      const angle = (i / SPARKS) * FULL_TURN + effect.x * 40;
      const speed = 0.7 + (0.5 * ((i * 7) % 5)) / 5;
      const outer = reach * (1 + 1.5 * speed * grown);
      const inner = reach * (1 + 1.5 * speed * Math.max(0, grown - 0.18));
      ctx.moveTo(x + Math.cos(angle) * inner, y + Math.sin(angle) * inner);
      ctx.lineTo(x + Math.cos(angle) * outer, y + Math.sin(angle) * outer);
    }
    ctx.stroke();
  }
  ctx.globalCompositeOperation = "source-over";
  paintLoss(brush, effect, age);
}

/** Paints what it cost, below the body, or as low as the canvas goes. */
function paintLoss({ ctx, camera, heightPx, calm }: Brush, effect: Of<"burst" | "burn">, age: number): void {
  const { x, y } = camera.toScreen(effect.x, effect.y);
  const size = textPx(camera, 11, 15);
  ctx.font = `700 ${size}px system-ui, sans-serif`;
  ctx.textAlign = "center";
  const fall = calm ? 0 : 0.6 * size * easeOut(age);
  const textY = Math.min(heightPx - 4, y + effect.radius * camera.scale + size + fall);
  ctx.lineWidth = size / 5;
  ctx.strokeStyle = `rgb(9 12 18 / ${0.8 * (1 - age)})`;
  ctx.strokeText(`−${effect.lost}`, x, textY);
  ctx.fillStyle = `rgb(255 236 224 / ${1 - age * age})`;
  ctx.fillText(`−${effect.lost}`, x, textY);
}

function paintDeath(brush: Brush, effect: Of<"death">, age: number): void {
  const { ctx, camera, calm } = brush;
  const grown = calm ? 1 : easeOut(age);
  ring(brush, effect, effect.radius * (0.6 + 1.8 * grown), 2.5 * (1 - age) + 0.5, 0.8 * (1 - age));
  const { x, y } = camera.toScreen(effect.x, effect.y);
  const arm = effect.radius * camera.scale * 0.4;
  ctx.lineCap = "round";
  ctx.lineWidth = 3;
  ctx.strokeStyle = css(effect.colour, 0.9 * (1 - age));
  ctx.beginPath();
  ctx.moveTo(x - arm, y - arm);
  ctx.lineTo(x + arm, y + arm);
  ctx.moveTo(x + arm, y - arm);
  ctx.lineTo(x - arm, y + arm);
  ctx.stroke();
}

function paintStreak({ ctx, camera }: Brush, effect: Of<"blink" | "flight">, width: number, alpha: number): void {
  const from = camera.toScreen(effect.fromX, effect.fromY);
  const to = camera.toScreen(effect.toX, effect.toY);
  const streak = ctx.createLinearGradient(from.x, from.y, to.x, to.y);
  streak.addColorStop(0, css(effect.colour, 0));
  streak.addColorStop(1, css(effect.colour, alpha, 12));
  ctx.beginPath();
  ctx.moveTo(from.x, from.y);
  ctx.lineTo(to.x, to.y);
  ctx.lineWidth = width;
  ctx.lineCap = "round";
  ctx.strokeStyle = streak;
  ctx.stroke();
}

function paintBlink(brush: Brush, effect: Of<"blink" | "flight">, age: number): void {
  const { ctx, camera, calm } = brush;
  const { colour, radius, fromX, fromY, toX, toY } = effect;
  const grown = calm ? 0.5 : easeOut(age);
  paintStreak(brush, effect, radius * camera.scale * 0.7 * (1 - age), 0.55 * (1 - age));
  ctx.setLineDash([4, 4]);
  ring(brush, { x: fromX, y: fromY, colour }, radius * (1 - 0.7 * grown), 1.5, 0.8 * (1 - age));
  ctx.setLineDash([]);
  ring(brush, { x: toX, y: toY, colour }, radius * (1 + 0.7 * grown), 2, 0.9 * (1 - age));
}
