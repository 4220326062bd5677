// HTTP message signatures, for those who sign the requests they send.
//
// The statement is a JSON object of the signature base, the members of `Signature-Input` and `Signature`, and the body. The
// base has to say what the input says, and to cover the body by its `content-digest`.
// Sources: RFC 9421 sections 2.5 and 3.2, RFC 9530, C2SP httpsig-pq v1.

import { equal, require, sha256, utf8 } from "../bytes.js";
import { shownKey } from "../names.js";
import { parseSignature } from "../schemes.js";
import { expiry } from "./claims.js";
import { Beside, didOfKid, httpScheme, keyOf, schemeByLength } from "./keys.js";
import { base64, only, readObject, textOfMember } from "./text.js";

const WHAT = "the signed request";
const INPUT = "the signature's input";
const FORMAT = "quorate/http-signature/v1";
const COMPONENTS_MAX = 64;
const U64_MAX = (1n << 64n) - 1n;
/** White space as Unicode has it; `trim` has another list. */
const SPACE = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

/** A dictionary's one member: its key, and its value as text. */
function labelled(text, name) {
  const equals = text.indexOf("=");
  require(equals > 0 && /^[a-z0-9_.*-]+$/.test(text.slice(0, equals)), `${WHAT} has a member ${name} without a label`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}

/** Splits at the first such character that stands in no quoted text; null without one. */
function splitOutside(text, mark) {
  let quoted = false;
  for (let place = 0; place < text.length; place++) {
    if (text[place] === '"') quoted = !quoted;
    if (text[place] === mark && !quoted) return [text.slice(0, place), text.slice(place + 1)];
  }
  return null;
}

function quoted(value, name) {
  const fits = value.length >= 2 && value.startsWith('"') && value.endsWith('"');
  const inner = fits ? value.slice(1, -1) : "";
  require(fits && !inner.includes('"') && /^[\x00-\x7f]*$/.test(inner), `the signature's parameter ${name} is no text`);
  return inner;
}

function seconds(value) {
  const digits = /^[0-9]+$/.test(value) ? value.replace(/^0+(?=[0-9])/, "") : "";
  const number = digits !== "" && digits.length <= 20 ? BigInt(digits) : null;
  require(number !== null && number <= U64_MAX, "the signature's parameter expires is no number");
  return number;
}

/** What is covered, each as it stands in the base, and the parameters of the signature that are read. */
function readInput(params) {
  require(params.startsWith("("), `${INPUT} begins with no list`);
  const list = params.slice(1);
  // A quote inside a component's name would be escaped, and names have none.
  require(!list.includes("\\"), `${INPUT} holds an escape`);
  const split = splitOutside(list, ")");
  require(split !== null, `${INPUT} has a list without end`);
  const components = [];
  for (let left = split[0]; left !== "";) {
    const [component, after] = splitOutside(left, " ") ?? [left, ""];
    require(component.startsWith('"') && components.length < COMPONENTS_MAX, `${INPUT} has a list that is none of quoted names, or is too long`);
    require(!components.includes(component), `${INPUT} covers a component twice`);
    components.push(component);
    left = after;
  }
  const found = new Map();
  let left = split[1];
  while (left.startsWith(";")) {
    const next = splitOutside(left.slice(1), ";");
    const [param] = next ?? [left.slice(1)];
    const equals = param.indexOf("=");
    const [name, value] = equals < 0 ? [param, ""] : [param.slice(0, equals), param.slice(equals + 1)];
    require(!found.has(name), `${INPUT} has a parameter twice`);
    // Others are covered as all of the input is, and without meaning here.
    found.set(name, name === "keyid" || name === "alg" ? quoted(value, name) : name === "expires" ? seconds(value) : null);
    left = next === null ? "" : `;${next[1]}`;
  }
  require(left === "", `${INPUT} goes on behind its parameters`);
  return { components, keyid: found.get("keyid"), alg: found.get("alg"), expires: found.get("expires") };
}

/** The lines of a signature base: each component and its value, then the input. */
function readBase(base, params, components) {
  const lines = base.split("\n");
  require(lines.length === components.length + 1, "the signature base has not one line for each component and one for the input");
  require(lines.at(-1) === `"@signature-params": ${params}`, "the signature base does not end with the parameters of the input");
  return new Map(components.map((component, place) => {
    require(lines[place].startsWith(`${component}: `), `the signature base has no line for ${component.slice(0, 80)} in its place`);
    return [component, lines[place].slice(component.length + 2)];
  }));
}

/** The text without white space at either end. */
function trimmed(text) {
  let [from, to] = [0, text.length];
  while (from < to && SPACE.test(text[from])) from++;
  while (from < to && SPACE.test(text[to - 1])) to--;
  return text.slice(from, to);
}

/** That the signature covers these bytes: by their SHA-256 in `content-digest`, which may name others beside it. */
async function expectBody(values, body) {
  const digests = values.get('"content-digest"');
  if (digests === undefined) {
    require(body.length === 0, "the body is not covered: the signature covers no content-digest");
    return;
  }
  const prefix = "sha-256=:";
  const stated = digests.split(",").map(trimmed).find((one) => one.startsWith(prefix));
  const rest = stated?.slice(prefix.length);
  require(rest !== undefined && rest.endsWith(":"), "the body has no sha-256 in content-digest");
  require(equal(base64(rest.slice(0, -1), "the content-digest"), await sha256(body)), "the body is not its content-digest");
}

/** @param {Uint8Array} bytes @throws {Refused} */
export async function readHttp(bytes, keys) {
  const object = only(readObject(bytes, WHAT), ["format", "base", "input", "signature", "body"], WHAT);
  const member = (name) => textOfMember(object, name, WHAT);
  require(member("format") === FORMAT, `${WHAT} is of another format, this reads ${FORMAT}`);
  const [label, params] = labelled(member("input"), "input");
  const [again, sequence] = labelled(member("signature"), "signature");
  require(label === again, `${WHAT} has an input and a signature of two labels`);
  require(sequence.length >= 2 && sequence.startsWith(":") && sequence.endsWith(":"), "the signature is no byte sequence");
  const seal = base64(sequence.slice(1, -1), "the signature");
  const body = base64(member("body"), "the body");
  const base = member("base");
  const { components, keyid, alg, expires } = readInput(params);
  const values = readBase(base, params, components);
  await expectBody(values, body);
  const scheme = alg === undefined ? schemeByLength(seal) : httpScheme(alg);
  const speaker = keyid === undefined ? undefined : didOfKid(keyid);
  const beside = new Beside(keys);
  const key = keyOf({ scheme, inside: speaker === undefined ? null : shownKey(speaker) }, beside);
  beside.end();
  const signature = parseSignature(scheme, seal);
  if (expires !== undefined) expiry(expires);
  return {
    signed: [{ key, message: utf8(base), signature }],
    speaker,
    issuer: keyid ?? "",
    subject: values.get('"@target-uri"') ?? values.get('"@path"') ?? "",
    mediaType: values.get('"content-type"') ?? "",
    payload: body,
  };
}
