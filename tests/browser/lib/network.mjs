// The network between one player's browser and the server: a proxy for TCP that can be lost and
// come back. A browser's own emulation of being offline reaches its network process some time
// later, and until then a page reconnects at once.

import { once } from "node:events";
import { connect, createServer } from "node:net";

/** Opens one in front of the server at `address`; it has an address of its own, which it keeps.
 * `join` connects the two sides of each connection. */
export async function openNetwork(address, join = splice) {
  const { hostname, port } = new URL(address);
  const clients = new Set();
  const listener = createServer({ noDelay: true }, (client) => {
    clients.add(client);
    client.once("close", () => clients.delete(client));
    join(client, connect({ host: hostname, port, noDelay: true }));
  });
  const listen = async (at) => {
    listener.listen(at, "127.0.0.1");
    await once(listener, "listening");
    return listener.address().port;
  };
  const own = await listen(0);
  return {
    address: `http://127.0.0.1:${own}`,
    /** Ends every connection and refuses new ones; when it returns nothing goes through. */
    async down() {
      if (!listener.listening) return;
      const closed = once(listener, "close");
      listener.close();
      for (const client of clients) client.destroy();
      await closed;
    },
    up: () => listen(own),
  };
}

/** Passes what one side sends to the other, and its end, in an orderly way or not. */
export function splice(client, server) {
  client.pipe(server);
  server.pipe(client);
  for (const [one, other] of [[client, server], [server, client]]) {
    // The close that follows says all.
    one.on("error", () => {});
    one.once("close", (failed) => (failed ? other.destroy() : other.end()));
  }
}
