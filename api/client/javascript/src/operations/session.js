// Sessions of a quality that was asked for, and the endorsement of a validator's service.
//
// Texts are bounded in characters, times in the units of their names. Source: `proto/src/session.rs`.

import { require } from "../bytes.js";
import { plainText } from "../names.js";
import { readMessage } from "../protobuf.js";
import { ED25519, parseSignature } from "../schemes.js";
import { field, within } from "./parts.js";

const SESSION = { 1: field("session", "bytes") };
const LATENCY_MS_MAX = 60_000;
const LATENCY_US_MAX = 60_000_000n;

function sessionId(bytes) {
  require(bytes.length === 16, `session: ${bytes.length} bytes, a session's id has 16`);
}

/** What each of these operations must hold; verification needs nothing of it. */
export const SESSIONS = {
  "session.open"(bytes) {
    const schema = {
      ...SESSION,
      2: field("text", "text"),
      3: field("target", "u32"),
      4: field("jitter", "u32"),
      5: field("duration", "u32"),
      6: field("label", "text"),
    };
    const { session, text, target, jitter, duration, label } = readMessage(bytes, schema, "session.open");
    sessionId(session);
    within([...text].length, 1, 5_000, "text");
    within(Number(target), 1, LATENCY_MS_MAX, "target_p95_latency_ms");
    within(Number(jitter), 0, LATENCY_MS_MAX, "target_jitter_ms");
    within(Number(duration), 1, 86_400, "duration_s");
    within([...label].length, 1, 200, "flow_label");
    return {};
  },
  "session.sample"(bytes) {
    const schema = {
      ...SESSION,
      2: field("packets", "u32"),
      3: field("p50", "u64"),
      4: field("p95", "u64"),
      5: field("jitter", "u64"),
      6: field("notes", "text"),
    };
    const { session, packets, p50, p95, jitter, notes } = readMessage(bytes, schema, "session.sample");
    sessionId(session);
    within(Number(packets), 1, 100_000, "n");
    within(p95, p50, LATENCY_US_MAX, "p95_us");
    within(jitter, 0n, LATENCY_US_MAX, "jitter_us");
    within([...notes].length, 0, 500, "notes");
    return {};
  },
  "session.finalize"(bytes) {
    sessionId(readMessage(bytes, SESSION, "session.finalize").session);
    return {};
  },
  "session.delete"(bytes) {
    sessionId(readMessage(bytes, SESSION, "session.delete").session);
    return {};
  },
  "service.endorse"(bytes) {
    const schema = { 1: field("validator", "text"), 2: field("endorsement", "bytes") };
    const { validator, endorsement } = readMessage(bytes, schema, "service.endorse");
    plainText(validator, "validator", 32);
    parseSignature(ED25519, endorsement);
    return {};
  },
};
