// Draws the dark where this seat does not see. It must not know who is in it; the server does not
// tell.

import type { Sight } from "../focus.ts";
import type { Brush } from "./brush.ts";

/** The edge is soft over this share of the radius. */
const SOFT = 0.08;

/** Over the floor, under everything that is seen. */
export function paintFog({ ctx, camera, widthPx, heightPx }: Brush, sight: Sight): void {
  const { x, y } = camera.toScreen(sight.x, sight.y);
  const radius = sight.radius * camera.scale;
  const dark = ctx.createRadialGradient(x, y, radius * (1 - SOFT), x, y, radius);
  dark.addColorStop(0, "rgb(5 7 11 / 0)");
  dark.addColorStop(1, "rgb(5 7 11 / 0.62)");
  ctx.fillStyle = dark;
  ctx.fillRect(0, 0, widthPx, heightPx);
}
