// Asking a node over HTTP. What it says is read strictly; receipts and checkpoints are verified before they are given on.
//
// Sending the same envelope again is safe: it has the same id, and nothing is done twice. So `submit` waits as long as it is
// told to by asking again.

import { digestFromHex, isText, Refused, require, textOf, toBase64, toHex } from "./bytes.js";
import { ClientError, NotFinalError, NotVerifiedError } from "./errors.js";
import { parseJson, toPlain } from "./json.js";
import { verifyConsistency } from "./merkle.js";
import { Policy } from "./policy.js";
import { verifyCheckpoint, verifyReceipt } from "./verify.js";

const ANSWER_BYTES_MAX = 8 << 20;
const EVENT_BYTES_MAX = 32 << 20;
/** How long one request may ask the node to wait, and how long an answer may take beyond that, in milliseconds. */
const WAIT_MS_MAX = 60_000;
const PATIENCE_MS = 15_000;
const RECONNECT_MS = [250, 30_000];

const LAST_STATES = ["finalized", "rejected", "expired"];
const STATES = { accepted: ["accepted", "committed", ...LAST_STATES], committed: ["committed", ...LAST_STATES], finalized: LAST_STATES };

const sleep = (ms, signal) => new Promise((resolve, reject) => {
  const timer = setTimeout(resolve, ms);
  signal?.addEventListener("abort", () => { clearTimeout(timer); reject(signal.reason); }, { once: true });
});

function readAnswer(bytes) {
  try {
    const value = parseJson(textOf(bytes, EVENT_BYTES_MAX, "the answer"));
    require(value instanceof Map, "the answer is not an object");
    return toPlain(value);
  } catch (fault) {
    throw fault instanceof Refused ? new ClientError("unreadable", `the answer cannot be read: ${fault.message}`) : fault;
  }
}

function problemOf(status, bytes) {
  let problem;
  try {
    problem = readAnswer(bytes);
  } catch {
    // Whatever answered, it is not a node of ours: a proxy, perhaps.
    return new ClientError("unreadable", `status ${status} without a problem`);
  }
  const kind = status === 404 ? "not_found" : status < 500 || problem.code === "busy" ? "refused" : "failed";
  return new ClientError(kind, `${problem.title}: ${problem.detail} ${problem.hint}`, { problem });
}

async function whole(response, max = ANSWER_BYTES_MAX) {
  const parts = [];
  let length = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const { done, value } = reader ? await reader.read() : { done: true };
    if (done) break;
    length += value.length;
    if (length > max) {
      await reader.cancel();
      throw new ClientError("unreadable", `an answer of more than ${max} bytes`);
    }
    parts.push(value);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** An entry's name: a submission's id, or a place in the log. */
function entryPath(name) {
  if (typeof name === "string" && /^[0-9a-f]{64}$/.test(name)) return `v1/entries/${name}`;
  if (typeof name === "bigint" ? name >= 0n : Number.isSafeInteger(name) && name >= 0) return `v1/entries/${name}`;
  throw new ClientError("address", `${String(name).slice(0, 80)} is neither an id of 64 hex digits nor an index`);
}

/** A node's address, and whom to believe. */
export class Client {
  #base;
  #token;
  #policy;
  #newest = null;

  /**
   * @param {string} url such as `http://127.0.0.1:7070`
   * @param {{ policy?: string | Uint8Array | Policy, token?: string }} [options] without a policy nothing can be verified,
   *   so no receipt is given
   */
  constructor(url, { policy, token } = {}) {
    try {
      this.#base = new URL(url.endsWith("/") ? url : `${url}/`);
    } catch (cause) {
      throw new ClientError("address", `${url} is not the address of a node`, { cause });
    }
    if (!["http:", "https:"].includes(this.#base.protocol)) {
      throw new ClientError("address", `${this.#base.protocol}// is not spoken here`);
    }
    this.#policy = policy;
    this.#token = token;
  }

  /** @returns {Promise<Policy>} */
  async #believed() {
    if (this.#policy === undefined) throw new ClientError("address", "no policy was given, so nothing can be verified");
    if (!(this.#policy instanceof Policy)) this.#policy = await Policy.parse(this.#policy);
    return this.#policy;
  }

  async #open(path, { method = "GET", body, signal, headers = {} } = {}) {
    const sent = { ...headers };
    if (body !== undefined) sent["content-type"] = "application/json";
    if (this.#token !== undefined) sent.authorization = `Bearer ${this.#token}`;
    let response;
    try {
      response = await fetch(new URL(path, this.#base), { method, body, signal, headers: sent, redirect: "error" });
    } catch (cause) {
      const code = cause?.cause?.code ?? "";
      const unconnected = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "UND_ERR_CONNECT_TIMEOUT"].includes(code);
      const kind = unconnected ? "cannot_connect" : "interrupted";
      throw new ClientError(kind, `${this.#base}: ${cause?.cause?.message ?? cause.message}`, { cause });
    }
    if (!response.ok) throw problemOf(response.status, await this.#body(response));
    return response;
  }

  async #body(response) {
    try {
      return await whole(response);
    } catch (cause) {
      if (cause instanceof ClientError) throw cause;
      throw new ClientError("interrupted", `no whole answer came: ${cause.message}`, { cause });
    }
  }

  async #bytes(path, options = {}, waitMs = 0) {
    const signal = AbortSignal.timeout(PATIENCE_MS + waitMs);
    return this.#body(await this.#open(path, { ...options, signal }));
  }

  async #ask(path) {
    return readAnswer(await this.#bytes(path));
  }

  /** What the node says of itself; `network` is what submissions are signed for. */
  status() {
    return this.#ask("v1/status");
  }

  /** The policy as the node tells it: a first look, no root of trust. */
  async policyText() {
    return textOf(await this.#bytes("v1/policy"), 1 << 20, "the policy");
  }

  /** What became of a submission, or what a leaf says. Not verified. */
  entry(name) {
    return this.#ask(entryPath(name));
  }

  /**
   * Submits a signed envelope and waits until it has come as far as `wait`. That it has not in time is no error: the ticket
   * says how far it has come.
   * @param {{ id: string, envelope: Uint8Array }} submission as `sign` gives it
   */
  async submit({ id, envelope }, { wait = "accepted", timeoutMs = 10_000 } = {}) {
    const until = Date.now() + timeoutMs;
    for (;;) {
      const left = Math.max(0, until - Date.now());
      let pause = 0;
      let ticket = null;
      try {
        ticket = await this.#submitOnce(id, envelope, wait, Math.min(left, WAIT_MS_MAX));
      } catch (fault) {
        pause = fault instanceof ClientError ? Number(fault.problem?.retry_after_ms ?? 0) : 0;
        if (pause === 0 || Date.now() + pause >= until) throw fault;
      }
      if (ticket !== null && (STATES[wait].includes(ticket.state) || Date.now() >= until)) return ticket;
      await sleep(Math.max(pause, ticket?.retry_after_ms ?? 50));
    }
  }

  async #submitOnce(id, envelope, wait, timeoutMs) {
    const body = JSON.stringify({ envelope: toBase64(envelope), wait, timeout_ms: timeoutMs });
    const unknown = (message, cause) =>
      new ClientError("outcome_unknown", `what became of submission ${id} is not known: ${message}`, { id, cause });
    let ticket;
    try {
      ticket = readAnswer(await this.#bytes("v1/entries", { method: "POST", body }, timeoutMs));
    } catch (fault) {
      const open = fault instanceof ClientError && ["interrupted", "unreadable", "failed"].includes(fault.kind);
      throw open ? unknown(fault.message, fault) : fault;
    }
    if (ticket.id !== id) throw unknown(`the node speaks of submission ${ticket.id}`);
    return ticket;
  }

  /**
   * A receipt that holds: of this very submission, when it is named by its id.
   * @returns {Promise<{ receipt: string, report: import("./index.d.ts").Report }>}
   * @throws {NotVerifiedError} with the report when it does not hold
   */
  async receipt(name, { size } = {}) {
    const policy = await this.#believed();
    const query = size === undefined ? "" : `&size=${size}`;
    const receipt = await this.#bytes(`${entryPath(name)}/receipt?format=json${query}`);
    const report = await verifyReceipt(policy, receipt, typeof name === "string" ? { submission: name } : {});
    if (!report.verified) {
      const { detail } = report.checks.find(({ outcome }) => outcome === "failed");
      throw new NotVerifiedError(`the receipt does not hold: ${report.failed}: ${detail}`, report);
    }
    if (typeof name !== "string" && BigInt(report.facts.index) !== BigInt(name)) {
      throw new NotVerifiedError(`a receipt of index ${report.facts.index} for index ${name}`, report);
    }
    return { receipt: new TextDecoder().decode(receipt), report };
  }

  /** Submits, waits until it is final, gets the receipt and verifies it. @throws {NotFinalError} when it was not in time */
  async prove(submission, { timeoutMs = 60_000 } = {}) {
    const ticket = await this.submit(submission, { wait: "finalized", timeoutMs });
    if (ticket.state !== "finalized") throw new NotFinalError(ticket);
    return { ticket, ...(await this.receipt(submission.id)) };
  }

  /** The newest checkpoint, if it is the quorum's and extends the one believed before. */
  async checkpoint() {
    const policy = await this.#believed();
    const { note } = await this.#ask("v1/checkpoints/latest");
    try {
      require(typeof note === "string" && isText(note), "the note is missing");
      const found = await verifyCheckpoint(policy, note);
      if (this.#newest !== null) {
        const { size, root } = this.#newest;
        require(found.size >= size, `the newest checkpoint is of size ${found.size}, one of size ${size} was seen before`);
        const { proof } = await this.#ask(`v1/consistency?from=${size}&to=${found.size}`);
        require(Array.isArray(proof) && proof.length <= 128, "the consistency proof is missing");
        await verifyConsistency(size, root, found.size, found.root, proof.map((hash) => digestFromHex(hash)));
      }
      this.#newest = found;
      return { origin: found.origin, size: found.size, root: toHex(found.root), note, cosigners: found.cosigners };
    } catch (fault) {
      throw fault instanceof Refused ? new NotVerifiedError(`the checkpoint does not hold: ${fault.message}`, null) : fault;
    }
  }

  /**
   * The node's events, from number `from` on; without it those that happen from now on. When the connection breaks, it goes
   * on where it was: no event is missed and none comes twice, as long as one has come.
   * @param {{ from?: number | bigint, signal?: AbortSignal }} [options]
   */
  async *events({ from, signal } = {}) {
    let next = from === undefined ? null : BigInt(from);
    let pause = RECONNECT_MS[0];
    while (!signal?.aborted) {
      try {
        const response = await this.#open(`v1/events${next === null ? "" : `?from=${next}`}`, { signal });
        for await (const event of readEvents(response)) {
          const sequence = BigInt(event.sequence);
          if (next !== null && sequence < next) continue;
          next = sequence + 1n;
          pause = RECONNECT_MS[0];
          yield event;
        }
      } catch (fault) {
        if (signal?.aborted) return;
        const passing = !(fault instanceof ClientError) || ["interrupted", "cannot_connect", "failed"].includes(fault.kind);
        if (!passing || (fault instanceof ClientError && fault.isPermanent)) throw fault;
      }
      try {
        await sleep(pause, signal);
      } catch {
        return;
      }
      pause = Math.min(2 * pause, RECONNECT_MS[1]);
    }
  }
}

/** Server-sent events: `data` of each, comments passed over. */
async function* readEvents(response) {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const reader = response.body.getReader();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += decoder.decode(value, { stream: true });
      if (text.length > EVENT_BYTES_MAX) throw new ClientError("unreadable", `an event of more than ${EVENT_BYTES_MAX} bytes`);
      for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
        const data = text.slice(0, end).split("\n").find((line) => line.startsWith("data:"));
        text = text.slice(end + 2);
        if (data !== undefined) yield readAnswer(new TextEncoder().encode(data.slice("data:".length)));
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
