// The grid on which every place lies. It must be the only file that knows the step.

/** Grid steps in one unit. */
export const STEPS_PER_UNIT = 32768;

/** The farthest coordinate the server accepts, in units. */
export const COORDINATE_MAX = 64;

export type Wire = "json" | "msgpack";

/** A coordinate from the wire, in units, exactly on the grid in both formats. */
export function fromWire(value: number, wire: Wire): number {
  const steps = wire === "msgpack" ? value : toSteps(value);
  return steps / STEPS_PER_UNIT;
}

/** A coordinate in units as whole steps. */
export function toSteps(units: number): number {
  return Math.round(units * STEPS_PER_UNIT);
}

/** A coordinate in units as it goes on the wire; whole steps, or at most five decimals that round
 * to them. */
export function toWire(units: number, wire: Wire): number {
  const clamped = Math.min(COORDINATE_MAX, Math.max(-COORDINATE_MAX, units));
  const steps = toSteps(clamped);
  return wire === "msgpack" ? steps : Math.round((steps / STEPS_PER_UNIT) * 1e5) / 1e5;
}
