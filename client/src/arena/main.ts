// The page: start screen, then a stay in a room, then the start screen again.
//
// The address may carry `?codec=json`, `?sync=full|state|events`, `?mode=`, `?room=`, `?name=` and `?autoplay`.

import { Bolide, type End, JoinError, type Room, type SyncMode } from "../sdk/index.ts";
import { play } from "./play.ts";
import { type Choice, StartScreen } from "./start.ts";

const SYNCS: readonly SyncMode[] = ["full", "state", "events"];

async function main(): Promise<never> {
  const params = new URLSearchParams(location.search);
  const client = new Bolide(location.origin, {
    codec: params.get("codec") === "json" ? "json" : "msgpack",
    sync: SYNCS.find((sync) => sync === params.get("sync")) ?? "state",
  });
  const start = new StartScreen(params);
  await start.loadModes(client);
  let first = true;
  for (;;) {
    const choosing = start.choose();
    if (first && params.has("autoplay")) start.submit();
    first = false;
    const room = await join(client, await choosing, params.get("room"), start);
    if (room === null) continue;
    start.hide();
    const end = await play(room);
    if (end.code !== 1000) start.fail(farewell(end));
  }
}

async function join(client: Bolide, choice: Choice, room: string | null, start: StartScreen): Promise<Room | null> {
  try {
    return await client.joinOrCreate({ ...choice, ...(room === null ? {} : { room }) });
  } catch (error) {
    if (!(error instanceof JoinError)) throw error;
    start.fail(farewell(error.end));
    return null;
  }
}

function farewell(end: End): string {
  return end.reload ? `${end.message} Reload the page.` : end.message;
}

void main();
