// The empty arena: floor, lines, walls. It must not know who is in it.

import type { Rules } from "../../sdk/index.ts";
import type { Area, Camera } from "../camera.ts";
import type { Brush } from "./brush.ts";

/** Distance of the floor's lines in units; those of a large arena are farther apart. */
const LINE_EVERY = 1 / 9;
const LINE_EVERY_FAR = 1 / 2;

export function paintFloor({ ctx, camera, widthPx, heightPx }: Brush, rules: Rules, hurt: number): void {
  ctx.clearRect(0, 0, widthPx, heightPx);
  const { left, top, width, height } = camera.area;

  ctx.save();
  ctx.beginPath();
  ctx.roundRect(left, top, width, height, 10);
  const centreX = left + width / 2;
  const centreY = top + height / 2;
  const light = ctx.createRadialGradient(centreX, centreY, 0, centreX, centreY, Math.max(width, height) * 0.6);
  light.addColorStop(0, "#1a2130");
  light.addColorStop(1, "#10151f");
  ctx.fillStyle = light;
  ctx.fill();
  ctx.clip();
  paintLines(ctx, camera);
  ctx.restore();

  ctx.beginPath();
  ctx.roundRect(left, top, width, height, 10);
  ctx.lineWidth = 1.5;
  ctx.strokeStyle = hurt > 0 ? `hsl(4 90% 62% / ${0.35 + 0.65 * hurt})` : "#39445c";
  if (rules.walls === "open") ctx.setLineDash([4, 8]);
  ctx.stroke();
  ctx.setLineDash([]);
  if (hurt > 0) paintHurt(ctx, onCanvas(camera.area, widthPx, heightPx), hurt);
}

/** The part of an area that is on the canvas. */
function onCanvas({ left, top, width, height }: Area, widthPx: number, heightPx: number): Area {
  const [x, y] = [Math.max(0, left), Math.max(0, top)];
  return { left: x, top: y, width: Math.min(widthPx, left + width) - x, height: Math.min(heightPx, top + height) - y };
}

function paintLines(ctx: CanvasRenderingContext2D, { scale, followed, area }: Camera): void {
  const { left, top, width, height } = area;
  const step = (followed ? LINE_EVERY_FAR : LINE_EVERY) * scale;
  ctx.beginPath();
  for (let x = step; x < width - 1; x += step) {
    ctx.moveTo(left + x, top);
    ctx.lineTo(left + x, top + height);
  }
  for (let y = step; y < height - 1; y += step) {
    ctx.moveTo(left, top + y);
    ctx.lineTo(left + width, top + y);
  }
  ctx.lineWidth = 1;
  ctx.strokeStyle = "rgb(160 185 230 / 0.045)";
  ctx.stroke();
}

/** A red edge inside the walls: you were hit. */
function paintHurt(ctx: CanvasRenderingContext2D, { left, top, width, height }: Area, hurt: number): void {
  ctx.save();
  ctx.beginPath();
  ctx.roundRect(left, top, width, height, 10);
  ctx.clip();
  ctx.lineWidth = 28;
  ctx.strokeStyle = `hsl(4 90% 55% / ${0.22 * hurt})`;
  ctx.filter = "blur(10px)";
  ctx.stroke();
  ctx.restore();
}
