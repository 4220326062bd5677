// What the programs of this folder have in common: a leaf's statement, and twins that must be refused.

import { readFileSync } from "node:fs";

export class Refused extends Error {}

export function require(holds, why) {
  if (!holds) throw new Refused(why);
}

/** The fields of a protobuf message, by number; the last one counts. */
function fields(message) {
  const found = new Map();
  let at = 0;
  const varint = () => {
    let [value, scale] = [0, 1];
    for (;;) {
      const byte = message[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const number = varint();
    if ((tag & 7) === 0) {
      found.set(tag >> 3, number);
    } else {
      found.set(tag >> 3, message.subarray(at, at + number));
      at += number;
    }
  }
  return found;
}

/** The bytes of the statement that a receipt's entry holds: entry, submission, envelope, statement. */
export function statementIn(receiptFile) {
  const { entry } = JSON.parse(readFileSync(receiptFile, "utf8"));
  return [3, 3, 3, 2].reduce((message, number) => fields(message).get(number), Buffer.from(entry, "base64"));
}

/** Asks that a check refuses each twin; a check that cannot fail shows nothing. @returns how many there were */
export async function refuses(check, twins) {
  let count = 0;
  for (const [what, twin] of twins) {
    let accepted = true;
    try {
      await check(twin);
    } catch {
      accepted = false;
    }
    require(!accepted, `accepted although ${what}`);
    count++;
  }
  require(count > 0, "nothing was spoiled");
  return count;
}

/** The text with one character of base64url replaced by another. */
export function flipped(text, at) {
  return text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1);
}
