// ES256: ECDSA on P-256 with SHA-256, verified strictly: one verdict for a key, a message and a signature, everywhere.
//
// Keys are points of the curve, written without compression; of the two values of s that fit, only the lower one is taken.
// Sources: FIPS 186-5 section 6, RFC 7518 section 3.4, SEC 1 section 2.3.3; where they leave room, what the Rust verifier does.

import { Refused, require, toHex } from "./bytes.js";

/** The curve: its prime, its b (a is -3), and the order of its points. */
export const P256 = {
  p: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
  b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
};
const { p: P, b: B, order: ORDER } = P256;
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" };

const big = (bytes) => BigInt(`0x${toHex(bytes)}`);

/** A public key: 0x04, x, y. */
export class P256Key {
  /** @param {Uint8Array} bytes @throws {Refused} */
  static parse(bytes) {
    const [x, y] = [big(bytes.slice(1, 33)), big(bytes.slice(33))];
    const isPoint = x < P && y < P && (y * y - (x * x * x - 3n * x + B)) % P === 0n;
    require(bytes[0] === 4 && isPoint, "the es256 key is not 0x04 and the two coordinates of a point of P-256");
    return new P256Key(bytes.slice());
  }

  constructor(bytes) {
    this.bytes = bytes;
  }

  /** The two coordinates, 32 bytes each. */
  get coordinates() {
    return [this.bytes.slice(1, 33), this.bytes.slice(33)];
  }

  /** @param {Uint8Array} message @param {Uint8Array} signature r and s, 32 bytes each @throws {Refused} */
  async verify(message, signature) {
    const [r, s] = [big(signature.slice(0, 32)), big(signature.slice(32))];
    const invalid = "the es256 signature does not fit the key and the message";
    require(r > 0n && r < ORDER && s > 0n && s <= ORDER >> 1n, invalid);
    const key = await crypto.subtle.importKey("raw", this.bytes, ALGORITHM, false, ["verify"]);
    const holds = await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, signature, message);
    if (!holds) throw new Refused(invalid);
  }
}
