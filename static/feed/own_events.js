// Tells when something has happened to the user's orders. What it was is then read over REST, so that orders,
// positions and limits are always of one moment.

import { readKey, readUser } from "../account.js";

const RETRY_MS = 3_000;
const REFUSED = 1008;

// Calls `onEvent` with the sequence of each event. `begin` starts anew, for another user or key.
export function followOwnEvents(onEvent) {
  let socket = null;
  let retry = null;

  function begin() {
    clearTimeout(retry);
    socket?.close();
    socket = null;
    if (!readUser()) return;
    const opened = new WebSocket(`${location.protocol.replace("http", "ws")}//${location.host}/ws/orders`);
    socket = opened;
    opened.addEventListener("open", () => opened.send(JSON.stringify(authOf(readUser(), readKey()))));
    opened.addEventListener("message", ({ data }) => {
      const message = JSON.parse(data);
      if (["order", "trade", "gap"].includes(message.type)) onEvent(message.sequence ?? message.to);
    });
    opened.addEventListener("close", ({ code }) => {
      // A user or key that was refused stays so until another is named.
      if (socket === opened && code !== REFUSED) retry = setTimeout(begin, RETRY_MS);
    });
  }

  return { begin };
}

function authOf(user, key) {
  return { id: 1, op: "auth", user_id: user, ...(key && { key }) };
}
