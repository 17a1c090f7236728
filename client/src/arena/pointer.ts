// Mouse and touch on the canvas, as places in the arena. It must not know what a click means beyond
// its button.

import type { Point } from "./camera.ts";
import type { Controls } from "./controls.ts";
import type { Stage } from "./stage.ts";

/** While the right button or a finger is held, the walk target follows it, this often. */
const FOLLOW_MS = 60;
/** A camera that moves changes the place under a pointer that rests; from so many units on that is
 * a new target. */
const DRIFT = 0.06;
/** Bits of `buttons`: the left button or a finger, and the right button. */
const MAIN = 1;
const SECOND = 2;

/** The press that began a walk, for as long as it is held. */
interface Held {
  readonly pointer: number;
  /** The bit of `buttons` that holds it. */
  readonly button: number;
  /** It began on the small map and means places there. */
  readonly onMap: boolean;
  /** On the canvas. */
  at: Point;
  /** Since the last walk. */
  moved: boolean;
  walkedTo: Point;
  walkedAtMs: number;
}

export class Pointer {
  readonly #stage: Stage;
  readonly #controls: Controls;
  #held: Held | null = null;
  /** The place of a mouse on the canvas. */
  #hover: Point | null = null;

  constructor(stage: Stage, controls: Controls, signal: AbortSignal) {
    this.#stage = stage;
    this.#controls = controls;
    const { canvas } = stage;
    canvas.addEventListener("contextmenu", (event) => event.preventDefault(), { signal });
    canvas.addEventListener("pointerdown", (event) => this.#down(event), { signal });
    canvas.addEventListener("pointermove", (event) => this.#move(event), { signal });
    canvas.addEventListener("pointerleave", () => this.#hoverAt(null), { signal });
    // Wherever it happens: a mouse may have left the canvas with its button down.
    addEventListener("pointerup", (event) => this.#release(event), { signal });
    for (const end of ["pointercancel", "blur"]) addEventListener(end, () => (this.#held = null), { signal });
  }

  /** Once a frame: what is under the pointer may have changed though the pointer rests. */
  refresh(nowMs: number): void {
    this.#hoverAt(this.#hover);
    const held = this.#held;
    if (held === null || nowMs - held.walkedAtMs < FOLLOW_MS) return;
    const { x, y } = this.#place(held.at, held.onMap);
    if (held.moved || Math.hypot(x - held.walkedTo.x, y - held.walkedTo.y) > DRIFT) this.#follow(held, nowMs);
  }

  #down(event: PointerEvent): void {
    event.preventDefault();
    // The click takes the focus from the chat line, so that keys play again.
    this.#stage.canvas.closest("main")?.focus();
    this.#press(event);
  }

  #press(event: PointerEvent): void {
    const second = isSecond(event);
    if (second) this.#controls.arm(null);
    const at = this.#onCanvas(event);
    if (this.#controls.armed === null && (!isMouse(event) || second)) {
      const onMap = this.#stage.isMap(at.x, at.y);
      const button = event.button === 2 ? SECOND : MAIN;
      const held = { button, pointer: event.pointerId, onMap, at, moved: false, walkedTo: at, walkedAtMs: 0 };
      this.#held = held;
      this.#follow(held, performance.now());
    } else if (event.button === 0) this.#controls.act(this.#place(at), "shoot");
  }

  #move(event: PointerEvent): void {
    this.#hoverAt(isMouse(event) ? this.#onCanvas(event) : null);
    // A button that goes down while another is held comes as a move: one throws while one walks.
    if (event.button === 0 && (event.buttons & MAIN) !== 0) this.#press(event);
    else if (event.button === 2 && (event.buttons & SECOND) !== 0) this.#press(event);
    else if (this.#held?.pointer === event.pointerId) {
      if ((event.buttons & this.#held.button) === 0) this.#release(event);
      else {
        this.#held.at = this.#onCanvas(event);
        this.#held.moved = true;
      }
    }
  }

  #release(event: PointerEvent): void {
    const held = this.#held;
    if (held === null || held.pointer !== event.pointerId) return;
    // The last place counts, also when it was reached just now.
    if (held.moved) this.#follow(held, performance.now());
    this.#held = null;
  }

  #follow(held: Held, nowMs: number): void {
    held.walkedTo = this.#place(held.at, held.onMap);
    held.walkedAtMs = nowMs;
    held.moved = false;
    this.#controls.walk(held.walkedTo);
  }

  #hoverAt(at: Point | null): void {
    this.#hover = at;
    this.#controls.pointAt(at === null ? null : this.#place(at));
  }

  #onCanvas(event: PointerEvent): Point {
    const box = this.#stage.canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  #place(at: Point, onMap = this.#stage.isMap(at.x, at.y)): Point {
    return this.#stage.placeAt(at.x, at.y, onMap);
  }
}

function isMouse(event: PointerEvent): boolean {
  return event.pointerType === "mouse";
}

/** The right button, or on a Mac what stands for it. */
function isSecond(event: PointerEvent): boolean {
  const stands = event.button === 0 && event.ctrlKey && navigator.platform.startsWith("Mac");
  return isMouse(event) && (event.button === 2 || stands);
}
