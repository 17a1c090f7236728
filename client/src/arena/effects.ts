// Short-lived marks of what happened: bursts, rings, afterimages. It must not draw them and must
// not affect anything else; the drawing is in `paint/effects.ts`.

import { type Colour, colourOf } from "./palette.ts";
import type { GameEvent } from "../sdk/index.ts";
import type { Model } from "./model.ts";

export type Effect = { readonly bornMs: number; readonly colour: Colour } & (
  | { readonly kind: "burst"; readonly x: number; readonly y: number; readonly radius: number; readonly lost: number }
  | { readonly kind: "burn"; readonly x: number; readonly y: number; readonly radius: number; readonly lost: number }
  | { readonly kind: "fizzle"; readonly x: number; readonly y: number }
  | { readonly kind: "muzzle"; readonly x: number; readonly y: number; readonly radius: number }
  | { readonly kind: "death"; readonly x: number; readonly y: number; readonly radius: number }
  | {
      readonly kind: "blink" | "flight";
      readonly fromX: number;
      readonly fromY: number;
      readonly toX: number;
      readonly toY: number;
      readonly radius: number;
    }
);

/** Time that each kind is seen. */
export const LIFETIME_MS: Readonly<Record<Effect["kind"], number>> = {
  burst: 620,
  burn: 700,
  fizzle: 280,
  muzzle: 220,
  death: 900,
  blink: 420,
  flight: 260,
};

/** Time that a hit player stays bright. */
export const FLASH_MS = 260;

/** The most effects that are drawn at once. */
const EFFECTS_MAX = 120;

export class Effects {
  #effects: Effect[] = [];
  readonly #hitAtMs = new Map<number, number>();

  get all(): readonly Effect[] {
    return this.#effects;
  }

  clear(): void {
    this.#effects = [];
    this.#hitAtMs.clear();
  }

  forgetOld(nowMs: number): void {
    this.#effects = this.#effects.filter((effect) => nowMs - effect.bornMs < LIFETIME_MS[effect.kind]);
  }

  /** From 1 (just hit) to 0. */
  flash(player: number, nowMs: number): number {
    const at = this.#hitAtMs.get(player);
    return at === undefined ? 0 : Math.max(0, 1 - (nowMs - at) / FLASH_MS);
  }

  /** `place`: where that player is drawn now. */
  add(event: GameEvent, model: Model, nowMs: number, place: (id: number) => { x: number; y: number } | null): void {
    const { rules } = model.welcome;
    const radius = rules.health * rules.radius_per_health;
    switch (event.kind) {
      case "shot": {
        const at = place(event.player);
        if (at !== null)
          this.#push({ kind: "muzzle", ...at, radius, bornMs: nowMs, colour: colourOf(event.player) });
        return;
      }
      case "ended":
        this.#push({ kind: "fizzle", x: event.x, y: event.y, bornMs: nowMs, colour: NEUTRAL });
        return;
      case "hit": {
        this.#hitAtMs.set(event.victim, nowMs);
        const { x, y } = event;
        const colour = colourOf(event.by);
        const from = event.by === null ? null : place(event.by);
        // It flew through the past and was never seen in the air.
        if (event.rewindTicks > 0 && from !== null)
          this.#push({ kind: "flight", fromX: from.x, fromY: from.y, toX: x, toY: y, radius, bornMs: nowMs, colour });
        this.#push({ kind: "burst", x, y, radius, lost: rules.hit_damage, bornMs: nowMs, colour });
        return;
      }
      case "burned": {
        this.#hitAtMs.set(event.player, nowMs);
        const at = place(event.player);
        const lost = rules.zone?.damage ?? 0;
        if (at !== null) this.#push({ kind: "burn", ...at, radius, lost, bornMs: nowMs, colour: EMBER });
        return;
      }
      case "blink": {
        const { fromX, fromY, toX, toY } = event;
        const colour = colourOf(event.player);
        this.#push({ kind: "blink", fromX, fromY, toX, toY, radius, bornMs: nowMs, colour });
        return;
      }
      case "death": {
        const at = place(event.player);
        if (at !== null)
          this.#push({ kind: "death", ...at, radius, bornMs: nowMs, colour: colourOf(event.player) });
        return;
      }
      case "gone":
        return;
    }
  }

  #push(effect: Effect): void {
    this.#effects.push(effect);
    if (this.#effects.length > EFFECTS_MAX) this.#effects.shift();
  }
}

const EMBER: Colour = { hue: 18, saturation: 96, lightness: 58 };
const NEUTRAL: Colour = { hue: 30, saturation: 30, lightness: 70 };
