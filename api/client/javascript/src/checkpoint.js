// Is this checkpoint the quorum's?
//
// Every signature line must be by a key of the policy, of this log, at most one by each key, and hold. Then a log has
// signed, and the policy decides whether enough cosigners have.
// Source: C2SP signed-note, tlog-checkpoint, tlog-cosignature; stricter where a line is unknown.

import { concat, decimal, fromBase64, readU64be, Refused, require, u64be, utf8 } from "./bytes.js";
import { COSIGNER_ED25519, keyName, LOG, parseNote, prefixed } from "./note.js";
import { parseSignature } from "./schemes.js";

const TIME_S_MAX = (1n << 63n) - 1n;

/** A digest in base64 with padding; null for any other text. */
export const digestFromBase64 = (text) => (text.length === 44 ? fromBase64(text) : null);

/** Origin, size and root from the text of a note. @throws {Refused} */
export function parseCheckpoint(text) {
  const lines = text.split("\n");
  require(lines.length === 4 && lines[3] === "", "a checkpoint is three lines: origin, size, root");
  const size = decimal(lines[1]);
  require(size !== null, "the size is a decimal number without leading zeros, at most 2^64 - 1");
  const root = digestFromBase64(lines[2]);
  require(root !== null && root.length === 32, "the root is 32 bytes in base64 with padding");
  return { text, origin: keyName(lines[0]), size, root };
}

/** A checkpoint's note and text. @throws {Refused} */
export function readCheckpoint(note) {
  const { text, signatures } = parseNote(note);
  return { ...parseCheckpoint(text), signatures };
}

function signedMessage({ text, origin, size, root }, type, name, time) {
  if (type === LOG) return utf8(text);
  if (type === COSIGNER_ED25519) return utf8(`cosignature/v1\ntime ${time}\n${text}`);
  return concat(utf8("subtree/v1\n\0"), prefixed(name), u64be(time), prefixed(origin), u64be(0n), u64be(size), root);
}

/** Checks what follows the key id in a signature line; gives the time a cosigner says. */
async function verifyLine(checkpoint, { type, key, name }, bytes) {
  require(type !== null, "its type of signature is not one that can be checked here");
  let time = null;
  if (type !== LOG) {
    require(bytes.length >= 8, `a cosignature begins with 8 bytes of time, this has ${bytes.length} bytes`);
    time = readU64be(bytes);
    bytes = bytes.slice(8);
    require(time <= TIME_S_MAX, `the time ${time} s is beyond 2^63 - 1`);
  }
  await key.verify(signedMessage(checkpoint, type, name, time), parseSignature(type.scheme, bytes));
  return time;
}

/** Checks every signature line and gives the witnesses among the signers. */
export async function checkSignatures(policy, checkpoint) {
  const seen = new Set();
  const cosigners = [];
  let logSigned = false;
  for (const [at, { name, id, signature }] of checkpoint.signatures.entries()) {
    const line = `signature line ${at + 1}`;
    const signer = policy.signer(name, id);
    // The key of another log says nothing of this one, whatever the policy thinks of that log.
    const known = signer !== null && (!signer.log || name === checkpoint.origin);
    // A space stands in no name.
    const key = `${name} ${id}`;
    require(signer !== null, `${line} is by ${key}, which is not a key of the policy for this log`);
    require(!seen.has(key), `${line} is the second one by ${key}`);
    seen.add(key);
    require(known, `${line} is by ${key}, which is not a key of the policy for this log`);
    let time;
    try {
      time = await verifyLine(checkpoint, (signer.log ?? signer.witness).key, signature);
    } catch (fault) {
      throw fault instanceof Refused ? new Refused(`${line}, by ${name}: ${fault.message}`) : fault;
    }
    if (signer.log) logSigned = true;
    else cosigners.push({ name: signer.witness.name, time });
  }
  require(logSigned, "no log of the policy has signed the checkpoint");
  return cosigners;
}

/** The latest time such that a whole quorum said it or a later one; null when the policy asks for no quorum. */
export function vouchedTime(policy, cosigners) {
  if (policy.quorum === null) return null;
  const latestFirst = [...cosigners].sort((a, b) => (a.time < b.time ? 1 : a.time > b.time ? -1 : 0));
  const names = new Set();
  for (const { name, time } of latestFirst) {
    names.add(name);
    if (policy.satisfied(names)) return time;
  }
  return null;
}
