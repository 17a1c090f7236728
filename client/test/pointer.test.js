// The meaning of a mouse and a finger on the canvas, by their buttons.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Pointer } from "../src/arena/pointer.ts";

/** A canvas whose pixels are the arena's places, and what the controls were told. */
function pointing(platform) {
  const page = new EventTarget();
  Object.defineProperty(globalThis, "navigator", { value: { platform }, configurable: true });
  globalThis.addEventListener = page.addEventListener.bind(page);
  const canvas = Object.assign(new EventTarget(), { closest: () => null, getBoundingClientRect: () => ({ left: 0, top: 0 }) });
  const stage = { canvas, isMap: () => false, placeAt: (x, y) => ({ x, y }) };
  const told = [];
  const controls = {
    armed: null,
    arm: (ability) => (controls.armed = ability),
    walk: ({ x }) => told.push(["walk", x]),
    act: ({ x }, otherwise) => told.push([otherwise, x]),
    pointAt() {},
  };
  const pointer = new Pointer(stage, controls, new AbortController().signal);
  const send = (type, x, more) => {
    const event = new Event(type, { cancelable: true });
    const fields = { pointerType: "mouse", pointerId: 1, button: -1, buttons: 0, ctrlKey: false, clientX: x, clientY: 0 };
    for (const [name, value] of Object.entries({ ...fields, ...more })) Object.defineProperty(event, name, { value });
    (type === "pointerup" ? page : canvas).dispatchEvent(event);
  };
  return { pointer, told, send };
}

test("on a Mac Ctrl and the only button walk, and go on as long as it is held", () => {
  const { pointer, told, send } = pointing("MacIntel");
  send("pointerdown", 1, { button: 0, buttons: 1, ctrlKey: true });
  send("pointermove", 2, { buttons: 1, ctrlKey: true });
  pointer.refresh(1e9);
  send("pointermove", 3, { buttons: 0 });
  send("pointermove", 4, { buttons: 0 });
  pointer.refresh(2e9);
  assert.deepEqual(told, [["walk", 1], ["walk", 2]]);
  send("pointerdown", 5, { button: 0, buttons: 1 });
  assert.deepEqual(told.at(-1), ["shoot", 5]);
});

test("elsewhere Ctrl changes nothing, and a throw does not end the walk of the right button", () => {
  const { pointer, told, send } = pointing("Linux x86_64");
  send("pointerdown", 1, { button: 2, buttons: 2 });
  send("pointermove", 2, { button: 0, buttons: 3, ctrlKey: true });
  send("pointermove", 3, { button: 0, buttons: 2 });
  pointer.refresh(1e9);
  assert.deepEqual(told, [["walk", 1], ["shoot", 2], ["walk", 3]]);
  send("pointerup", 3, { button: 2 });
  send("pointerdown", 4, { pointerType: "touch", button: 0, buttons: 1 });
  assert.deepEqual(told.at(-1), ["walk", 4]);
});
