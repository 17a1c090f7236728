// The canvas: sized to its place in the page and to the screen's pixels, painted once a frame from
// the model. It must not change the model, except that it takes due events out of the timeline.

import { Camera, type Point } from "./camera.ts";
import type { Controls } from "./controls.ts";
import { Effects } from "./effects.ts";
import { Focus, type Sight, sightOf } from "./focus.ts";
import { type Moment, momentAt, type ShownPlayer } from "./interpolate.ts";
import { Minimap } from "./minimap.ts";
import type { Model } from "./model.ts";
import type { Brush } from "./paint/brush.ts";
import { paintEffect } from "./paint/effects.ts";
import { paintFireball, paintPath } from "./paint/fireballs.ts";
import { paintFloor } from "./paint/floor.ts";
import { paintFog } from "./paint/fog.ts";
import { paintAim, paintCooldowns, paintReach, paintWalkTarget } from "./paint/markers.ts";
import { paintMinimap } from "./paint/minimap.ts";
import { paintBody, paintName, type PlayerLook } from "./paint/players.ts";
import { paintZone } from "./paint/zone.ts";
import { colourOf } from "./palette.ts";
import { readiness } from "./readiness.ts";

/** Time in which the drawn health is mostly at the real one. */
const SHRINK_MS = 90;
/** More pixels than this per CSS pixel cost battery and are not seen. */
const DENSITY_MAX = 2.5;
/** Distance outside the canvas, in units, beyond which nothing is painted: no body, ring or name
 * reaches so far. */
const BESIDE = 0.3;

export class Stage {
  readonly effects = new Effects();
  readonly #canvas: HTMLCanvasElement;
  readonly #ctx: CanvasRenderingContext2D;
  readonly #model: Model;
  readonly #controls: Controls;
  readonly #calm: boolean;
  #shownHealth: ReadonlyMap<number, number> = new Map();
  readonly #focus: Focus;
  #camera: Camera;
  #map: Minimap | null = null;
  #matchNumber: number | null = null;
  #paintedAtMs = 0;
  #moment: Moment = { players: [], fireballs: [] };

  constructor(canvas: HTMLCanvasElement, model: Model, controls: Controls, calm: boolean) {
    const ctx = canvas.getContext("2d");
    if (ctx === null) throw new Error("this browser has no canvas");
    this.#canvas = canvas;
    this.#ctx = ctx;
    this.#model = model;
    this.#controls = controls;
    this.#calm = calm;
    this.#focus = new Focus(calm);
    this.#camera = new Camera(canvas.clientWidth, canvas.clientHeight, model.welcome.rules, null);
  }

  get canvas(): HTMLCanvasElement {
    return this.#canvas;
  }

  get camera(): Camera {
    return this.#camera;
  }

  /** Whom the camera follows instead of yourself, if it follows. */
  get watched(): number | null {
    const { followed } = this.#focus;
    const { eyes } = this.#model;
    if (typeof eyes === "number") return eyes;
    return this.#camera.followed && followed !== this.#model.seat ? followed : null;
  }

  get map(): Minimap | null {
    return this.#map;
  }

  /** Returns whether the small map is there on the canvas. */
  isMap(xPx: number, yPx: number): boolean {
    return this.#map?.contains(xPx, yPx) ?? false;
  }

  /** The place in the arena at that place of the canvas, or at that place of the small map. */
  placeAt(xPx: number, yPx: number, onMap: boolean): Point {
    return (onMap ? this.#map : null)?.toWorld(xPx, yPx) ?? this.#camera.toWorld(xPx, yPx);
  }

  /** One frame. */
  paint(nowMs: number): void {
    const model = this.#model;
    if (this.#matchNumber !== (model.match?.number ?? null)) this.#startOver();
    const tick = model.clock.renderTick(nowMs);
    if (tick !== null) {
      for (const { event, tick: happened } of model.timeline.takeEvents(tick)) {
        this.effects.add(event, model, nowMs, (id) => this.#placeOf(id));
        if (event.kind === "hit" && event.victim === model.seat) this.#controls.onHit(model.takenAt(happened));
        if (event.kind === "death") this.#focus.onDeath(event.player, event.by);
      }
      this.#moment = momentAt(model.timeline, tick, model.motions);
    }
    this.effects.forgetOld(nowMs);
    this.#controls.refresh(this.#self());
    this.#easeHealth(nowMs);
    this.#paintAll(this.#prepare(nowMs));
  }

  #startOver(): void {
    this.#matchNumber = this.#model.match?.number ?? null;
    this.effects.clear();
    this.#focus.reset();
    this.#shownHealth = new Map();
  }

  #placeOf(id: number): Point | null {
    const player = this.#moment.players.find((p) => p.id === id);
    return player === undefined ? null : { x: player.x, y: player.y };
  }

  #self(): ShownPlayer | null {
    return this.#moment.players.find((p) => p.id === this.#model.seat && p.life === "alive") ?? null;
  }

  /** The area in sight; `null` if everything is. */
  get #sight(): Sight | null {
    const { welcome, seat, eyes } = this.#model;
    if (eyes === "all") return null;
    const body = (id: number) => this.#moment.players.find((player) => player.id === id);
    // What is drawn is a moment behind what was told.
    return sightOf(welcome.rules, (eyes === null ? undefined : body(eyes)) ?? body(seat));
  }

  #easeHealth(nowMs: number): void {
    const share = 1 - Math.exp(-Math.min(100, nowMs - this.#paintedAtMs) / SHRINK_MS);
    this.#paintedAtMs = nowMs;
    // Of whoever is out of sight nothing is kept: they come back as they then are.
    this.#shownHealth = new Map(
      this.#moment.players.map(({ id, health }) => {
        const shown = this.#shownHealth.get(id) ?? health;
        return [id, shown + (health - shown) * share];
      }),
    );
  }

  #prepare(nowMs: number): Brush {
    const widthPx = this.#canvas.clientWidth;
    const heightPx = this.#canvas.clientHeight;
    const density = Math.min(DENSITY_MAX, devicePixelRatio || 1);
    const width = Math.round(widthPx * density);
    const height = Math.round(heightPx * density);
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      this.#canvas.width = width;
      this.#canvas.height = height;
    }
    this.#ctx.setTransform(density, 0, 0, density, 0, 0);
    const { welcome, seat } = this.#model;
    this.#canvas.classList.toggle("window", this.#camera.followed);
    const focus = this.#focus.update(this.#moment.players, seat, this.#sight, nowMs);
    this.#camera = new Camera(widthPx, heightPx, welcome.rules, focus);
    this.#map = this.#camera.followed ? new Minimap(widthPx, welcome.rules) : null;
    return { ctx: this.#ctx, camera: this.#camera, nowMs, widthPx, heightPx, calm: this.#calm };
  }

  #paintAll(brush: Brush): void {
    const { welcome, seat } = this.#model;
    const { rules } = welcome;
    const self = this.#self();
    const zone = this.#model.zone(brush.nowMs);
    const sight = this.#sight;
    // The own body last, so that nobody stands on it.
    const living = this.#moment.players.filter((player) => player.life === "alive" && player.id !== seat);
    if (self !== null) living.push(self);
    const near = living.filter((player) => isNear(brush, player));
    const looks = near.map((player) => ({ player, look: this.#look(player, brush.nowMs) }));
    const fireballs = this.#moment.fireballs.filter((ball) => isNear(brush, ball));

    paintFloor(brush, rules, this.#calm ? 0 : this.effects.flash(seat, brush.nowMs));
    if (zone !== null) paintZone(brush, zone);
    if (sight !== null) paintFog(brush, sight);
    for (const ball of this.#moment.fireballs) paintPath(brush, ball, colourOf(ball.owner), sight === null);
    this.#paintPlans(brush, self);
    for (const { player, look } of looks) paintBody(brush, rules, player, look);
    if (self !== null && this.#model.phase === "fighting") {
      const ready = readiness(this.#model, brush.nowMs);
      paintCooldowns(brush, rules, self, ready.shoot.share, ready.blink.share);
    }
    for (const ball of fireballs) paintFireball(brush, rules, ball, colourOf(ball.owner));
    for (const effect of this.effects.all) paintEffect(brush, effect);
    for (const { player, look } of looks) paintName(brush, rules, player, look);
    if (this.#map !== null) {
      const dots = living.map((player) => ({ player, colour: colourOf(player.id), own: player.id === seat }));
      paintMinimap(brush, this.#map, zone, sight, dots);
    }
  }

  /** Paints what this seat is about to do. */
  #paintPlans(brush: Brush, self: ShownPlayer | null): void {
    const { rules } = this.#model.welcome;
    const { target, planned, aim, armed } = this.#controls;
    const walk = target ?? (planned === null ? null : { ...planned, atMs: 0 });
    if (walk !== null) paintWalkTarget(brush, walk, self, colourOf(this.#model.seat));
    // Also where no pointer hovers: a thumb wants to know how far it may tap.
    if (armed === "blink" && self !== null) paintReach(brush, rules, self);
    if (aim !== null && self !== null) paintAim(brush, rules, aim, self);
  }

  #look(player: ShownPlayer, nowMs: number): PlayerLook {
    const model = this.#model;
    const entry = model.roster.find((candidate) => candidate.id === player.id);
    return {
      colour: colourOf(player.id),
      name: model.nameOf(player.id),
      bot: entry?.bot ?? false,
      own: player.id === model.seat,
      away: entry?.connected === false,
      flash: this.effects.flash(player.id, nowMs),
      health: this.#shownHealth.get(player.id) ?? player.health,
    };
  }
}

function isNear({ camera, widthPx, heightPx }: Brush, place: Point): boolean {
  const { x, y } = camera.toScreen(place.x, place.y);
  const beside = BESIDE * camera.scale;
  return x > -beside && y > -beside && x < widthPx + beside && y < heightPx + beside;
}
