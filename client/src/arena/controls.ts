// The player's intents, from whatever device: walks at once, arms a shot or a blink for the next
// click. It sends intents through the room and must not predict their outcome.

import type { Intent, Refusal, Room } from "../sdk/index.ts";
import { Signal } from "../sdk/signal.ts";
import type { Point } from "./camera.ts";
import type { Model } from "./model.ts";

export type Ability = "shoot" | "blink";

export interface Aim extends Point {
  readonly intent: Ability;
}

export interface WalkTarget extends Point {
  readonly atMs: number;
  readonly seq: number;
}

export interface RefusedIntent {
  readonly intent: Intent;
  readonly why: Refusal;
}

/** Inputs whose intent is remembered in case the server refuses them. */
const REMEMBERED_MAX = 64;
/** Nearer than this to the target counts as arrived, in units. */
const ARRIVED = 0.004;

export class Controls {
  readonly refused = new Signal<RefusedIntent>();
  readonly changed = new Signal<Ability | null>();
  readonly #room: Room;
  readonly #model: Model;
  readonly #now: () => number;
  readonly #sent = new Map<number, Intent>();
  #armed: Ability | null = null;
  #pointer: Point | null = null;
  #target: WalkTarget | null = null;
  #planned: Point | null = null;
  #hasWalked = false;

  constructor(room: Room, model: Model, now: () => number) {
    this.#room = room;
    this.#model = model;
    this.#now = now;
  }

  get armed(): Ability | null {
    return this.#armed;
  }

  get target(): WalkTarget | null {
    return this.#target;
  }

  /** True if this player knows how to walk. */
  get hasWalked(): boolean {
    return this.#hasWalked;
  }

  /** The line to draw while an ability is armed and the pointer is known. */
  get aim(): Aim | null {
    return this.#armed === null || this.#pointer === null ? null : { intent: this.#armed, ...this.#pointer };
  }

  /** True if an intent of this seat could do anything at all. */
  get canAct(): boolean {
    const { self, phase, paused } = this.#model;
    return self?.life === "alive" && phase === "fighting" && paused === null;
  }

  /** True if this player stands in a match that waits or counts down, or is interrupted. */
  get #awaits(): boolean {
    const { self, phase, paused } = this.#model;
    return self?.life === "alive" && (phase === "waiting" || phase === "countdown" || paused !== null);
  }

  /** The place to walk to as soon as the fight begins or goes on: nothing moves before, but one may
   * already choose. */
  get planned(): Point | null {
    return this.#planned;
  }

  pointAt(place: Point | null): void {
    this.#pointer = place;
  }

  arm(ability: Ability | null): void {
    if (ability !== null) this.#wake();
    const next = ability !== null && !this.canAct ? null : ability;
    if (next === this.#armed) return;
    this.#armed = next;
    this.changed.emit(next);
  }

  /** A click or a tap: does what is armed, or else `otherwise`. */
  act(place: Point, otherwise: Ability | "move"): void {
    const intent = this.#armed ?? otherwise;
    if (intent === "move") this.walk(place);
    else this.use(intent, place);
    this.arm(null);
  }

  walk(place: Point): void {
    this.#wake();
    this.#hasWalked = true;
    if (this.#awaits) this.#planned = this.#inside(place);
    if (!this.canAct) return;
    const target = this.#inside(place);
    const seq = this.#remember("move", this.#room.move(target.x, target.y, this.#view));
    if (seq !== null) this.#target = { ...target, atMs: this.#now(), seq };
  }

  use(ability: Ability, place: Point): void {
    this.#wake();
    if (this.#awaits) this.refused.emit({ intent: ability, why: "not_fighting" });
    if (!this.canAct) return;
    const { x, y } = place;
    const view = this.#view;
    this.#remember(ability, ability === "shoot" ? this.#room.shoot(x, y, view) : this.#room.blink(x, y, view));
    if (ability === "blink") this.#target = null;
  }

  stop(): void {
    this.#wake();
    this.#planned = null;
    if (!this.canAct) return;
    this.#remember("stop", this.#room.stop(this.#view));
    this.#target = null;
  }

  /** The server's answer to what it did not do. */
  onRefused(seq: number, why: Refusal): void {
    const intent = this.#sent.get(seq);
    if (intent === undefined) return;
    if (this.#target?.seq === seq) this.#target = null;
    this.refused.emit({ intent, why });
  }

  /** Forgets a target that is reached, and what a dead player had armed. `self`: where the player
   * is drawn. */
  refresh(self: Point | null): void {
    if (!this.canAct) {
      this.#target = null;
      this.arm(null);
    }
    // After a comeback nothing is known yet.
    if (this.#planned !== null && this.#model.phase !== null && !this.#awaits) {
      const planned = this.#planned;
      this.#planned = null;
      this.walk(planned);
    }
    const target = this.#target;
    if (target === null || self === null) return;
    if (Math.hypot(target.x - self.x, target.y - self.y) < ARRIVED) this.#target = null;
  }

  /** A hit ends the walk. One that was taken after it begins when the push is over. `taken`: the
   * newest input that the hit's tick had taken. */
  onHit(taken: number): void {
    if (this.#target !== null && this.#target.seq <= taken) this.#target = null;
  }

  /** After a match without an intent a seat watches until the server hears one: any will do. */
  #wake(): void {
    if (this.#model.idle) this.#room.stop();
  }

  /** The tick on the canvas at the moment of deciding. */
  get #view(): number | null {
    return this.#model.viewTick(this.#now());
  }

  /** A walk into a wall ends where the body touches it; the mark is put there. */
  #inside(place: Point): Point {
    const { rules } = this.#model.welcome;
    if (rules.walls === "open") return place;
    const radius = (this.#model.self?.health ?? rules.health) * rules.radius_per_health;
    return {
      x: Math.min(rules.arena_width - radius, Math.max(radius, place.x)),
      y: Math.min(rules.arena_height - radius, Math.max(radius, place.y)),
    };
  }

  #remember(intent: Intent, seq: number | null): number | null {
    if (seq === null) return null;
    this.#sent.set(seq, intent);
    if (this.#sent.size > REMEMBERED_MAX) {
      const oldest = this.#sent.keys().next().value;
      if (oldest !== undefined) this.#sent.delete(oldest);
    }
    return seq;
  }
}
