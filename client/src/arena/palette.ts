// Who has which colour on this page. It must not depend on the server: your own colour is yours alone on your page,
// and every other player keeps theirs as long as they are in the room.

export interface Colour {
  readonly hue: number;
  readonly saturation: number;
  readonly lightness: number;
}

/** Yours; no other hue comes near it. */
const OWN: Colour = { hue: 164, saturation: 78, lightness: 60 };

/** Of whoever is out of sight. */
const UNKNOWN: Colour = { hue: 26, saturation: 42, lightness: 66 };

/** The others': apart in hue, and neighbours apart in lightness, for eyes that confuse hues. */
const OTHERS: readonly Colour[] = [
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

export class Palette {
  readonly #slots = new Map<number, number>();
  #own: number | null = null;

  setOwn(id: number): void {
    this.#own = id;
  }

  /** Frees the colours of those who are no longer there. */
  keepOnly(ids: ReadonlySet<number>): void {
    for (const id of this.#slots.keys()) if (!ids.has(id)) this.#slots.delete(id);
  }

  of(id: number | null): Colour {
    if (id === null) return UNKNOWN;
    if (id === this.#own) return OWN;
    let slot = this.#slots.get(id);
    if (slot === undefined) {
      const taken = new Set(this.#slots.values());
      slot = 0;
      while (taken.has(slot)) slot += 1;
      this.#slots.set(id, slot);
    }
    return OTHERS[slot] ?? { hue: (slot * GOLDEN_ANGLE) % 360, saturation: 70, lightness: 64 };
  }
}

/** As CSS; `lighter` adds to the lightness. */
export function css(colour: Colour, alpha = 1, lighter = 0): string {
  const lightness = Math.min(97, colour.lightness + lighter);
  return `hsl(${colour.hue} ${colour.saturation}% ${lightness}% / ${alpha})`;
}
