// The place of the zone's edge at a moment. Pure, by the formula of docs/protocol.md. It must not
// draw.

import type { Rules } from "../sdk/index.ts";

export interface ZoneNow {
  /** The middle. */
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  /** The radius in a while. */
  readonly soonRadius: number;
  readonly endRadius: number;
  /** Until it begins to close; 0 from then on. */
  readonly waitsS: number;
}

/** Time by which the coming edge is told ahead: time enough to walk across the distance. */
const SOON_S = 10;

/** `foughtS`: the fight's age in seconds. `null` in a mode without a zone. */
export function zoneAt(rules: Rules, foughtS: number): ZoneNow | null {
  const { arena_width: width, arena_height: height, zone } = rules;
  if (zone === null) return null;
  const start = Math.max(Math.hypot(width, height) / 2, zone.end_radius);
  const radius = (seconds: number) => {
    const share = Math.min(1, Math.max(0, seconds - zone.waits_s) / zone.closes_s);
    return start + (zone.end_radius - start) * share;
  };
  return {
    x: width / 2,
    y: height / 2,
    radius: radius(foughtS),
    soonRadius: radius(foughtS + SOON_S),
    endRadius: zone.end_radius,
    waitsS: Math.max(0, zone.waits_s - Math.max(0, foughtS)),
  };
}

/** By its centre, as the server decides it. */
export function isOutside(zone: ZoneNow, x: number, y: number): boolean {
  return Math.hypot(x - zone.x, y - zone.y) > zone.radius;
}
