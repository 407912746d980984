// Talks to the exchange: JSON in and out, every failure as one kind of error with a sentence for people.

const KEY_NAME = "order-engine-api-key";
const TIMEOUT_MS = 10_000;

export class ApiError extends Error {
  constructor(message, { status = 0, code = null, errors = {} } = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.errors = errors;
  }
}

export function readKey() {
  return sessionStorage.getItem(KEY_NAME) ?? "";
}

export function keepKey(key) {
  if (key) sessionStorage.setItem(KEY_NAME, key);
  else sessionStorage.removeItem(KEY_NAME);
}

export function get(path) {
  return send(path, { headers: { Accept: "application/json" } });
}

export function post(path, body, idempotencyKey) {
  const headers = { "Content-Type": "application/json", "Idempotency-Key": idempotencyKey };
  const key = readKey();
  if (key) headers["X-API-Key"] = key;
  return send(path, { method: "POST", headers, body: JSON.stringify(body) });
}

export function newIdempotencyKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function send(path, options) {
  let response;
  try {
    response = await fetch(`/api/v1${path}`, { ...options, cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch {
    throw new ApiError("The exchange does not answer.");
  }
  const content = await response.json().catch(() => null);
  if (response.ok && content !== null) return content;
  throw new ApiError(content?.detail ?? `The exchange answered ${response.status}.`, {
    status: response.status,
    code: content?.code ?? null,
    errors: content?.errors ?? {},
  });
}
