// The colours of players: each seat has its own, the same on every page, so that people can speak
// of it. Pure.

export interface Colour {
  readonly hue: number;
  readonly saturation: number;
  readonly lightness: number;
}

/** Of whoever is out of sight. */
const UNKNOWN: Colour = { hue: 26, saturation: 42, lightness: 66 };

/** By seat: apart in hue, and neighbours apart in lightness, for eyes that confuse hues. */
const SEATS: readonly Colour[] = [
  { hue: 164, saturation: 78, lightness: 60 },
  { hue: 14, saturation: 92, lightness: 62 },
  { hue: 208, saturation: 92, lightness: 66 },
  { hue: 48, saturation: 94, lightness: 62 },
  { hue: 284, saturation: 78, lightness: 70 },
  { hue: 332, saturation: 86, lightness: 66 },
  { hue: 84, saturation: 66, lightness: 58 },
  { hue: 236, saturation: 88, lightness: 74 },
  { hue: 354, saturation: 80, lightness: 56 },
  { hue: 30, saturation: 70, lightness: 52 },
  { hue: 300, saturation: 54, lightness: 58 },
];

/** Steps that do not repeat a hue soon, for rooms with more players than listed colours. */
const GOLDEN_ANGLE = 137.508;

/** `null`: of somebody unknown. */
export function colourOf(id: number | null): Colour {
  if (id === null) return UNKNOWN;
  return SEATS[id] ?? { hue: (id * GOLDEN_ANGLE) % 360, saturation: 70, lightness: 64 };
}

/** As CSS, light enough for small text, also on a tint of itself. */
export function legible(id: number): string {
  return css(colourOf(id), 1, 16);
}

/** As CSS; `lighter` adds to the lightness. */
export function css(colour: Colour, alpha = 1, lighter = 0): string {
  const lightness = Math.min(97, colour.lightness + lighter);
  return `hsl(${colour.hue} ${colour.saturation}% ${lightness}% / ${alpha})`;
}
