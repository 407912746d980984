// Talks to the exchange: JSON in and out, every failure as one kind of error with a sentence for people.

import { readKey } from "./account.js";

const TIMEOUT_MS = 10_000;
let lastSequence = null;

export class ApiError extends Error {
  constructor(message, { status = 0, code = null, errors = {} } = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.errors = errors;
  }
}

// Market data needs no key, and shows with a wrong one too. With `after` the response shows at least that sequence;
// `timeoutMs` bounds the wait.
export function get(path, { after = null, timeoutMs = TIMEOUT_MS, key = "" } = {}) {
  const headers = { Accept: "application/json" };
  if (after !== null) headers["X-Min-Sequence"] = String(after);
  return send(path, { method: "GET", headers }, timeoutMs, key);
}

// What is read next shows what happened up to this sequence.
export function expect(sequence) {
  if (lastSequence === null || sequence > Number(lastSequence)) lastSequence = String(sequence);
}

// What this page wrote shows in what it reads next.
export function getOwn(path) {
  return get(path, { after: lastSequence, key: readKey() });
}

export function post(path, body, idempotencyKey = newIdempotencyKey()) {
  return write("POST", path, body, { "Idempotency-Key": idempotencyKey });
}

export function patch(path, body) {
  return write("PATCH", path, body);
}

export function remove(path) {
  return write("DELETE", path);
}

export function newIdempotencyKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function write(method, path, body, headers = {}) {
  const content = body === undefined ? {} : { "Content-Type": "application/json" };
  const sent = { Accept: "application/json", "X-Requested-With": "page", ...content, ...headers };
  return send(path, { method, headers: sent, body: body && JSON.stringify(body) }, TIMEOUT_MS, readKey());
}

async function send(path, options, timeoutMs, key) {
  if (key) options.headers["X-API-Key"] = key;
  let response;
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    response = await fetch(`/api/v1${path}`, { ...options, cache: "no-store", credentials: "omit", signal });
  } catch {
    throw new ApiError("The exchange does not answer.");
  }
  lastSequence = response.headers.get("X-Sequence") ?? lastSequence;
  const content = await response.json().catch(() => null);
  if (response.ok && content !== null) return content;
  throw new ApiError(content?.detail ?? `The exchange answered ${response.status}.`, {
    status: response.status,
    code: content?.code ?? null,
    errors: content?.errors ?? {},
  });
}
