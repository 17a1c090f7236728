// A rough network in front of a server: each direction is delayed, unevenly, and may stop for a
// while. What comes out is in order, as of TCP.

import { once } from "node:events";
import { connect, createServer } from "node:net";

/** `jitterMs`: at most so much more, each way. Of each `everyMs` nothing passes for `stallMs`. */
export async function openRough(address, { rttMs = 0, jitterMs = 0, stallMs = 0, everyMs = 5_000 }) {
  const { hostname, port } = new URL(address);
  const sockets = new Set();
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
  const listener = createServer({ noDelay: true }, (client) => {
    const server = connect({ host: hostname, port, noDelay: true });
    for (const socket of [client, server]) sockets.add(socket);
    pass(client, server, () => {});
    pass(server, client, (bytes) => (received += bytes));
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  return {
    address: `http://127.0.0.1:${listener.address().port}`,
    /** Bytes from the server so far. */
    received: () => received,
    close() {
      listener.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
