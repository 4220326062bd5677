// Ed25519, verified strictly: one verdict for a key, a message and a signature, on every machine.
//
// WebCrypto checks the equation and compares R byte by byte. What implementations of it differ in is refused here
// before: keys that are no point, not canonical or of small order; an R of small order; an S that is not reduced.
// Source: RFC 8032 section 5.1; where it leaves room, what the Rust verifier does.

import { Refused, require, toHex } from "./bytes.js";

const P = (1n << 255n) - 19n;
const L = (1n << 252n) + 27742317777372353535851937790883648493n;
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;
const SQRT_MINUS_ONE = 19681161376707505956807079304988542015446066515923890162744021073123829784752n;

/** The eight points whose order divides 8, as they are written. */
const SMALL_ORDER = new Set([
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0000000000000000000000000000000000000000000000000000000000000080",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
]);

const mod = (number) => ((number % P) + P) % P;

function power(base, exponent) {
  let result = 1n;
  for (let left = exponent, square = base; left > 0n; left >>= 1n) {
    if (left & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}

/** @param {Uint8Array} bytes the lowest first */
function little(bytes) {
  let number = 0n;
  for (let at = bytes.length - 1; at >= 0; at--) number = (number << 8n) | BigInt(bytes[at]);
  return number;
}

/** Whether y is the y of a point: RFC 8032 section 5.1.3, step 3. */
function isOnCurve(y) {
  const square = (y * y) % P;
  const u = mod(square - 1n);
  const v = mod(D * square + 1n);
  const v3 = (((v * v) % P) * v) % P;
  const v7 = (((v3 * v3) % P) * v) % P;
  const x = (((u * v3) % P) * power((u * v7) % P, (P - 5n) / 8n)) % P;
  const found = (((v * x) % P) * x) % P;
  if (found === u) return true;
  const other = (x * SQRT_MINUS_ONE) % P;
  return (((v * other) % P) * other) % P === u;
}

const yOf = (bytes) => little(bytes) & ((1n << 255n) - 1n);

/** Keys found good, in the order in which they came: a policy's keys are read again with each receipt. */
const known = new Map();
const KNOWN_MAX = 4096;

/** A public key that may take part in strict verification. */
export class Ed25519Key {
  /** @param {Uint8Array} bytes @throws {Refused} */
  static parse(bytes) {
    require(bytes.length === 32, `a public key of ed25519 has 32 bytes, this has ${bytes.length}`);
    const name = toHex(bytes);
    const before = known.get(name);
    if (before) return before;
    const y = yOf(bytes);
    require(y < P, "the ed25519 key is not the canonical encoding of its point");
    require(!SMALL_ORDER.has(name), "the ed25519 key is a point of small order");
    require(isOnCurve(y), "the ed25519 key is not a point of the curve");
    // x = 0 has one sign only, and y = 1 and y = -1 are of small order with either.
    require(y !== 1n && y !== P - 1n, "the ed25519 key is not the canonical encoding of its point");
    if (known.size >= KNOWN_MAX) known.delete(known.keys().next().value);
    const key = new Ed25519Key(bytes.slice());
    known.set(name, key);
    return key;
  }

  constructor(bytes) {
    this.bytes = bytes;
  }

  /** @param {Uint8Array} message @param {Uint8Array} signature 64 bytes @throws {Refused} */
  async verify(message, signature) {
    const [r, s] = [signature.slice(0, 32), signature.slice(32)];
    const invalid = "the ed25519 signature does not fit the key and the message";
    require(little(s) < L, invalid);
    require(yOf(r) < P && !SMALL_ORDER.has(toHex(r)), invalid);
    this.imported ??= crypto.subtle.importKey("raw", this.bytes, "Ed25519", false, ["verify"]);
    let holds;
    try {
      holds = await crypto.subtle.verify("Ed25519", await this.imported, signature, message);
    } catch (fault) {
      throw new Error("this platform's WebCrypto has no Ed25519", { cause: fault });
    }
    if (!holds) throw new Refused(invalid);
  }
}

/** PKCS #8 of a 32-byte seed (RFC 8410), which is how WebCrypto takes it. */
const PKCS8 = Uint8Array.from([0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20]);

/** @param {Uint8Array} seed 32 bytes */
export async function ed25519FromSeed(seed) {
  const pkcs8 = new Uint8Array([...PKCS8, ...seed]);
  const secret = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", true, ["sign"]);
  const { x } = await crypto.subtle.exportKey("jwk", secret);
  const letters = atob(x.replaceAll("-", "+").replaceAll("_", "/"));
  const publicKey = Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
  return {
    publicKey,
    sign: async (message) => new Uint8Array(await crypto.subtle.sign("Ed25519", secret, message)),
  };
}
