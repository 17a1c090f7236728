// Draws the small map: the arena, the zone, what is seen of it, everybody in sight as a dot. It
// must not know where the map lies.

import type { Sight } from "../focus.ts";
import type { ShownPlayer } from "../interpolate.ts";
import type { Minimap } from "../minimap.ts";
import { type Colour, css } from "../palette.ts";
import type { ZoneNow } from "../zone.ts";
import { type Brush, circle } from "./brush.ts";
import { BURNING, EDGE } from "./zone.ts";

const DOT_PX = 1.75;
const OWN_DOT_PX = 3;

/** `sight`: if it is not everything. `players`: the living, with their colours; your own last. */
export function paintMinimap(
  brush: Brush,
  map: Minimap,
  zone: ZoneNow | null,
  sight: Sight | null,
  players: readonly { readonly player: ShownPlayer; readonly colour: Colour; readonly own: boolean }[],
): void {
  const { ctx } = brush;
  const { left, top, width, height } = map.area;
  ctx.save();
  ctx.beginPath();
  ctx.roundRect(left, top, width, height, 6);
  ctx.fillStyle = "rgb(10 13 19 / 0.78)";
  ctx.fill();
  ctx.clip();
  if (zone !== null) paintZone(ctx, map, zone);
  if (sight === null) paintView(brush, map);
  else paintSight(ctx, map, sight);
  for (const { player, colour, own } of players) {
    const { x, y } = map.toScreen(player.x, player.y);
    circle(ctx, x, y, own ? OWN_DOT_PX : DOT_PX);
    ctx.fillStyle = css(colour);
    ctx.fill();
    if (!own) continue;
    ctx.lineWidth = 1;
    ctx.strokeStyle = "#ffffff";
    ctx.stroke();
  }
  ctx.restore();
  ctx.beginPath();
  ctx.roundRect(left, top, width, height, 6);
  ctx.lineWidth = 1;
  ctx.strokeStyle = "#39445c";
  ctx.stroke();
}

function paintZone(ctx: CanvasRenderingContext2D, map: Minimap, zone: ZoneNow): void {
  const { left, top, width, height } = map.area;
  const { x, y } = map.toScreen(zone.x, zone.y);
  circle(ctx, x, y, zone.radius * map.scale);
  ctx.rect(left, top, width, height);
  ctx.fillStyle = BURNING;
  ctx.fill("evenodd");
  circle(ctx, x, y, zone.radius * map.scale);
  ctx.lineWidth = 1;
  ctx.strokeStyle = css(EDGE, 0.9);
  ctx.stroke();
  circle(ctx, x, y, zone.endRadius * map.scale);
  ctx.strokeStyle = css(EDGE, 0.4);
  ctx.stroke();
}

function paintSight(ctx: CanvasRenderingContext2D, map: Minimap, sight: Sight): void {
  const { x, y } = map.toScreen(sight.x, sight.y);
  circle(ctx, x, y, sight.radius * map.scale);
  ctx.fillStyle = "rgb(232 237 246 / 0.09)";
  ctx.fill();
  ctx.lineWidth = 1;
  ctx.strokeStyle = "rgb(232 237 246 / 0.35)";
  ctx.stroke();
}

/** The part of the arena that the canvas shows. */
function paintView({ ctx, camera, widthPx, heightPx }: Brush, map: Minimap): void {
  const from = camera.toWorld(0, 0);
  const to = camera.toWorld(widthPx, heightPx);
  const a = map.toScreen(from.x, from.y);
  const b = map.toScreen(to.x, to.y);
  ctx.lineWidth = 1;
  ctx.strokeStyle = "rgb(232 237 246 / 0.35)";
  ctx.strokeRect(a.x, a.y, b.x - a.x, b.y - a.y);
}
