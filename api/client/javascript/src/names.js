// Names of things: tenants, identities, origins of logs, and texts without control characters.

import { digestFromBase64Url, equal, Refused, require, toHex, utf8 } from "./bytes.js";
import { DILITHIUM3_R3, DILITHIUM3_R3_ED25519, ED25519, PublicKey } from "./schemes.js";
import { shake256 } from "./shake.js";

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const DID_BYTES_MAX = 64;
/** A name of ProofNest: the kind of identity, and the SHAKE256 of its key. */
const PROOFNEST = /^did:pn:(human|agent|validator|collective|org|service):[0-9a-f]{40}$/;
/** The schemes that ProofNest has; of their keys alone it makes names. */
const PROOFNEST_SCHEMES = [ED25519, DILITHIUM3_R3, DILITHIUM3_R3_ED25519];
const BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

const shown = (text) => JSON.stringify(text.slice(0, 80));

/** A text of at most `max` bytes without control characters. @throws {Refused} */
export function plainText(text, what, max = 1024) {
  const length = utf8(text).length;
  require(length <= max, `${what}: ${length} bytes found, at most ${max} are allowed`);
  require(!CONTROL.test(text), `${what} holds a control character`);
  return text;
}

/** @throws {Refused} */
export function tenantName(text) {
  require(/^[a-z0-9][a-z0-9._-]{0,62}$/.test(text) && !text.endsWith("\n"),
    `a tenant is 1 to 63 of a-z 0-9 . _ - and begins with a letter or digit; this is ${shown(text)}`);
  return text;
}

/** A schema-less URL without trailing slash. @throws {Refused} */
export function originName(text) {
  const fits = /^[a-z0-9._/:-]{1,200}$/.test(text) && !text.endsWith("\n") && !text.endsWith("/");
  require(fits && !text.includes("://"), `${shown(text)} is not a schema-less URL without trailing slash`);
  return text;
}

/** The bytes of the Ed25519 key that a did:key names; null for any other text. */
function multikey(did) {
  if (!did.startsWith("did:key:z")) return null;
  let number = 0n;
  for (const letter of did.slice("did:key:z".length)) {
    const value = BASE58.indexOf(letter);
    if (value < 0) return null;
    number = number * 58n + BigInt(value);
  }
  // 0xed 0x01 and 32 bytes: the first byte is not zero, so the text has no leading "1" and no second spelling.
  if (number >> 256n !== 0xed01n || did.startsWith("did:key:z1")) return null;
  const bytes = new Uint8Array(32);
  for (let at = 31; at >= 0; at--, number >>= 8n) bytes[at] = Number(number & 0xffn);
  return bytes;
}

function base58(bytes) {
  let number = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  let text = "";
  for (; number > 0n; number /= 58n) text = BASE58[Number(number % 58n)] + text;
  return text;
}

const names = (did, key) => {
  const bytes = key.scheme === ED25519 ? multikey(did) : null;
  return bytes !== null && equal(bytes, key.bytes);
};

/** The key that a did:key of Ed25519 shows; null of every other text. */
export function shownKey(did) {
  const bytes = did.length <= DID_BYTES_MAX ? multikey(did) : null;
  try {
    return bytes === null ? null : PublicKey.parse(ED25519, bytes);
  } catch (fault) {
    if (fault instanceof Refused) return null;
    throw fault;
  }
}

/** Checks the form of an identity's name: did:key of Ed25519, did:quorate of any key, or did:pn. @throws {Refused} */
export function didName(text) {
  const fault = `an identity is did:key:z…, did:quorate:<43 characters of a key id> or did:pn:<type>:<40 hex digits>; this is ${shown(text)}`;
  require(text.length <= DID_BYTES_MAX && utf8(text).length <= DID_BYTES_MAX, fault);
  if (text.startsWith("did:quorate:")) {
    require(digestFromBase64Url(text.slice("did:quorate:".length)) !== null, fault);
    return text;
  }
  if (text.startsWith("did:pn:")) {
    require(PROOFNEST.test(text), fault);
    return text;
  }
  const bytes = multikey(text);
  require(bytes !== null, fault);
  PublicKey.parse(ED25519, bytes);
  return text;
}

/** Whether the identity's own text vouches for the key. */
export async function isDidOf(did, key) {
  if (did.startsWith("did:pn:")) {
    return PROOFNEST_SCHEMES.includes(key.scheme) && did.endsWith(`:${toHex(shake256(key.bytes, 20))}`);
  }
  return did.startsWith("did:quorate:") ? did === `did:quorate:${await key.id()}` : names(did, key);
}

/** The identity of one who has this key and registered nothing. */
export async function didOf(key) {
  if (key.scheme !== ED25519) return `did:quorate:${await key.id()}`;
  return `did:key:z${base58(Uint8Array.of(0xed, 0x01, ...key.bytes))}`;
}
