// The checksum of a book's top: CRC32 over the best levels, asks then bids, as the feed of market data has it.

import { parse } from "../decimal.js";

const LEVELS = 10;
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit += 1) byte = byte & 1 ? (byte >>> 1) ^ 0xedb88320 : byte >>> 1;
  return byte >>> 0;
});

export function checksum(bids, asks) {
  return crc32([...asks.slice(0, LEVELS), ...bids.slice(0, LEVELS)].map(levelDigits).join(""));
}

// A price keeps the decimals it is written with, a quantity has 8; both lose the dot and leading zeros.
function levelDigits([price, quantity]) {
  return price.replace(".", "").replace(/^0+/, "") + parse(quantity).toString();
}

export function crc32(text) {
  let crc = 0xffffffff;
  for (let place = 0; place < text.length; place += 1) crc = (crc >>> 8) ^ TABLE[(crc ^ text.charCodeAt(place)) & 0xff];
  return (crc ^ 0xffffffff) >>> 0;
}
