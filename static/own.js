// What belongs to the user: orders, positions and limits. Asked for again after each write, at each event of the feed,
// and every second and a half.

import { readUser } from "./account.js";
import { expect, getOwn } from "./api.js";
import { parse } from "./decimal.js";
import { followOwnEvents } from "./feed/own_events.js";
import { repeat } from "./repeat.js";

const EVERY_MS = 1_500;
const AFTER_EVENT_MS = 100;
const ORDERS = 200;
const NOTHING = { user: "", live: [], hasMore: false, all: [], positions: [], limits: null };

export function followOwn({ onChange, onTrouble, wantsAll }) {
  let own = NOTHING;

  async function look() {
    const user = readUser();
    if (!user) return show(NOTHING);
    const name = encodeURIComponent(user);
    const [live, all, held, limits] = await Promise.all([
      getOwn(`/orders?user_id=${name}&status=live&limit=${ORDERS}`),
      wantsAll() ? getOwn(`/orders?user_id=${name}&limit=${ORDERS}`) : { orders: [] },
      getOwn(`/positions/${name}`),
      getOwn(`/risk-limits/${name}`),
    ]);
    if (user !== readUser()) return;
    show({ user, live: live.orders, hasMore: live.next_cursor !== null, all: all.orders, positions: held.positions, limits });
  }

  function show(next) {
    own = next;
    onChange(own);
  }

  const looking = repeat(look, EVERY_MS, onTrouble);
  let due = null;
  // Events may come by the hundred: what they are about is read once for all of them.
  const events = followOwnEvents((sequence) => {
    expect(sequence);
    if (!document.hidden) due ??= setTimeout(lookOnce, AFTER_EVENT_MS);
  });

  function lookOnce() {
    due = null;
    looking.now();
  }

  events.begin();
  return {
    now: looking.now,
    // Call it when the user or the key is another.
    begin() {
      events.begin();
      looking.now();
    },
    current: () => own,
    // What the checks of a new order need to know of the user, in one symbol.
    standing(symbol) {
      const live = own.live.filter((order) => order.symbol === symbol);
      const position = own.positions.find((held) => held.symbol === symbol);
      return {
        limits: own.limits,
        position: parse(position?.net_quantity) ?? 0n,
        openOrders: live.length,
        openQuantity: { BUY: sum(live, "BUY"), SELL: sum(live, "SELL") },
      };
    },
    // The remaining quantity of own resting orders in a symbol by price, for each side.
    resting(symbol) {
      const byPrice = { BUY: new Map(), SELL: new Map() };
      for (const order of own.live) {
        if (order.symbol !== symbol || order.status === "PENDING" || !order.price) continue;
        const [side, price] = [byPrice[order.side], parse(order.price)];
        side.set(price, (side.get(price) ?? 0n) + parse(order.remaining_quantity));
      }
      return byPrice;
    },
  };
}

function sum(orders, side) {
  return orders.filter((order) => order.side === side).reduce((total, order) => total + parse(order.remaining_quantity), 0n);
}
