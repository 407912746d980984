// Amounts are exact to the last of their 8 decimals, far beyond what binary floating point holds.

import assert from "node:assert/strict";
import test from "node:test";

import { decimalsOf, divided, format, grouped, parse, percent, product, signed } from "../../static/decimal.js";

test("amounts are read exactly, and written again as they were", () => {
  for (const text of ["0", "0.1", "150.5", "0.00000001", "10000000000", "9999999999.99999999", "-3.25"]) {
    assert.equal(format(parse(text)), text);
  }
  assert.equal(parse(" +1.50 "), 150_000_000n);
  assert.equal(parse(".5"), 50_000_000n);
  assert.equal(parse("1.000000000"), 100_000_000n);
});

test("what is no amount is not read", () => {
  for (const text of ["", " ", "1e3", "1,5", "0x10", "1.2.3", "abc", "--1", ".", "0.000000001", null, undefined]) {
    assert.equal(parse(text), null, String(text));
  }
});

test("amounts are written with the decimals asked for, half away from zero", () => {
  assert.equal(format(parse("150.5"), 2), "150.50");
  assert.equal(format(parse("1.005"), 2), "1.01");
  assert.equal(format(parse("-1.005"), 2), "-1.01");
  assert.equal(format(parse("0.004"), 2), "0.00");
  assert.equal(format(parse("2.5"), 0), "3");
});

test("sums and products are those of decimal, not of binary numbers", () => {
  assert.equal(format(parse("0.1") + parse("0.2")), "0.3");
  assert.equal(format(product(parse("9007199254.74099301"), parse("3"))), "27021597764.22297903");
  assert.equal(divided(-7n, 2n), -4n);
  assert.equal(percent(parse("-1.83"), parse("183")), "-1.00");
  assert.equal(percent(1n, 0n), null);
});

test("numbers are written for people", () => {
  assert.equal(grouped("1234567.8901"), "1\u2009234\u2009567.8901");
  assert.equal(grouped("-1234"), "-1\u2009234");
  assert.equal(grouped("123"), "123");
  assert.deepEqual(["1.5", "-1.5", "0.00"].map(signed), ["+1.5", "\u22121.5", "0.00"]);
  assert.deepEqual(["1.50", "1", undefined].map(decimalsOf), [2, 0, 0]);
});
