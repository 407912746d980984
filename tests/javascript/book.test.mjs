// A book kept from numbered changes is the exchange's at every sequence, or it says that it is not.

import assert from "node:assert/strict";
import test from "node:test";

import { Book } from "../../static/feed/book.js";
import { checksum, crc32 } from "../../static/feed/checksum.js";

const SEED = 20_260_101;

test("the checksum is CRC32 as everybody has it", () => {
  assert.equal(crc32("123456789"), 0xcbf43926);
});

test("the checksum covers asks then bids, without dots and leading zeros", () => {
  const [asks, bids] = [[["0.05005", "0.005", 1], ["0.05010", "10", 1]], [["0.05000", "1", 1], ["0.04990", "0.5", 2]]];
  assert.equal(checksum(bids, asks), crc32("5005500000" + "50101000000000" + "5000100000000" + "499050000000"));
});

test("only the ten best levels of each side count", () => {
  const side = Array.from({ length: 12 }, (_, place) => [`${100 - place}.00`, "1", 1]);
  assert.equal(checksum(side, []), checksum(side.slice(0, 10), []));
  assert.notEqual(checksum(side, []), checksum(side.slice(0, 9), []));
});

test("a change that does not follow the last one is not applied", () => {
  const book = new Book({ sequence: 5, bids: [], asks: [] });
  assert.equal(book.apply({ previous_sequence: 4, sequence: 6, bids: [["1", "1", 1]], asks: [] }), false);
  assert.deepEqual([book.sequence, book.bids], [5, []]);
});

test("a change with another checksum is noticed", () => {
  const book = new Book({ sequence: 5, bids: [], asks: [] });
  const bids = [["1.00", "1", 1]];
  assert.equal(book.apply({ previous_sequence: 5, sequence: 6, bids, asks: [], checksum: checksum(bids, []) + 1 }), false);
});

test("random changes lead to the same book as sorting all prices anew", () => {
  const chance = seeded(SEED);
  const whole = { bids: new Map(), asks: new Map() };
  const book = new Book({ sequence: 0, bids: [], asks: [] });
  for (let sequence = 1; sequence <= 2_000; sequence += 1) {
    const update = { previous_sequence: sequence - 1, sequence, bids: [], asks: [] };
    const side = chance() < 0.5 ? "bids" : "asks";
    const price = (90 + Math.floor(chance() * 2_000) / 100).toFixed(2);
    const quantity = chance() < 0.35 ? "0" : String(1 + Math.floor(chance() * 50));
    update[side].push([price, quantity, 1]);
    if (quantity === "0") whole[side].delete(price);
    else whole[side].set(price, [price, quantity, 1]);
    assert.equal(book.apply(update), true);
    if (sequence % 50) continue;
    assert.deepEqual(book.bids, sorted(whole.bids, -1), `seed ${SEED}, sequence ${sequence}`);
    assert.deepEqual(book.asks, sorted(whole.asks, 1), `seed ${SEED}, sequence ${sequence}`);
  }
});

test("a book of the best levels forgets what falls out of them", () => {
  const book = new Book({ sequence: 0, bids: [["3", "1", 1], ["2", "1", 1]], asks: [] }, 2);
  book.apply({ previous_sequence: 0, sequence: 1, bids: [["4", "1", 1]], asks: [] });
  assert.deepEqual(book.bids.map(([price]) => price), ["4", "3"]);
});

function sorted(levels, direction) {
  return [...levels.values()].sort(([one], [other]) => direction * (Number(one) - Number(other)));
}

// A small generator of the kind called mulberry32.
function seeded(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
