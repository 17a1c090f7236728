// A rough network in front of a server: each direction is delayed, unevenly, and may stop for a
// while. What comes out is in order, as of TCP.

import { openNetwork } from "./network.mjs";

/** `jitterMs`: at most so much more, each way. Of each `everyMs` nothing passes for `stallMs`. */
export async function openRough(address, { rttMs = 0, jitterMs = 0, stallMs = 0, everyMs = 5_000 }) {
  let received = 0;
  const leaves = () => {
    const arrives = performance.now() + rttMs / 2 + Math.random() * jitterMs;
    const into = arrives % everyMs;
    return into < stallMs ? arrives + stallMs - into : arrives;
  };
  const pass = (from, to, count) => {
    let last = 0;
    from.on("data", (chunk) => {
      last = Math.max(last, leaves());
      setTimeout(() => {
        count(chunk.length);
        to.write(chunk);
      }, last - performance.now());
    });
    from.on("close", () => to.destroy());
    from.on("error", () => {});
  };
  const network = await openNetwork(address, (client, server) => {
    pass(client, server, () => {});
    pass(server, client, (bytes) => (received += bytes));
  });
  return {
    address: network.address,
    /** Bytes from the server so far. */
    received: () => received,
    close: network.down,
  };
}
