// A book kept from a snapshot and numbered changes. A change that does not fit is not applied: ask for a new snapshot.

import { parse } from "../decimal.js";
import { checksum } from "./checksum.js";

export class Book {
  constructor({ sequence, bids, asks }, levelsMax = Infinity) {
    this.sequence = sequence;
    this.levelsMax = levelsMax;
    this.bids = [...bids];
    this.asks = [...asks];
  }

  // Returns whether the book is the exchange's afterwards.
  apply(update) {
    if (update.previous_sequence !== this.sequence) return false;
    for (const level of update.bids) put(this.bids, level, (one, other) => other - one);
    for (const level of update.asks) put(this.asks, level, (one, other) => one - other);
    this.bids.length = Math.min(this.bids.length, this.levelsMax);
    this.asks.length = Math.min(this.asks.length, this.levelsMax);
    this.sequence = update.sequence;
    return update.checksum === undefined || Number(update.checksum) === checksum(this.bids, this.asks);
  }
}

function put(side, level, order) {
  const price = parse(level[0]);
  let [low, high] = [0, side.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (order(parse(side[middle][0]), price) < 0n) low = middle + 1;
    else high = middle;
  }
  const isThere = low < side.length && parse(side[low][0]) === price;
  if (parse(level[1]) === 0n) side.splice(low, isThere ? 1 : 0);
  else side.splice(low, isThere ? 1 : 0, level);
}
