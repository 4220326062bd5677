// The little of DER that keys and signatures of ECDSA and RSA need: lengths and integers in their one spelling.
//
// Source: X.690 sections 8.1, 8.3 and 10.1; SEC 1 section C.5, RFC 5280 section 4.1, RFC 8017 section A.1.1.

import { equal, require } from "../bytes.js";

const INTEGER = 0x02;
const BIT_STRING = 0x03;
const SEQUENCE = 0x30;
const FAULT = "not DER as it is read here";

/** Elements one behind the other. */
class Der {
  constructor(bytes) {
    this.left = bytes;
  }

  /** The content of the next element, which has this tag. */
  take(tag) {
    require(this.left.length >= 2 && this.left[0] === tag, FAULT);
    let [at, length] = [2, this.left[1]];
    if (length >= 0x80) {
      // Nothing that is read is longer than two bytes can say.
      const count = length - 0x80;
      require(count >= 1 && count <= 2 && this.left.length >= 2 + count, FAULT);
      length = count === 1 ? this.left[2] : (this.left[2] << 8) | this.left[3];
      require(length >= (count === 1 ? 0x80 : 0x100), FAULT);
      at += count;
    }
    require(this.left.length >= at + length, FAULT);
    const content = this.left.slice(at, at + length);
    this.left = this.left.slice(at + length);
    return content;
  }

  /** Whether a sequence comes next. */
  get isSequence() {
    return this.left[0] === SEQUENCE;
  }

  /** An integer that is not negative: its bytes, the highest first, without zeros before them. */
  integer() {
    const bytes = this.take(INTEGER);
    require(bytes.length > 0 && bytes[0] < 0x80, FAULT);
    if (bytes[0] !== 0) return bytes;
    require(bytes.length === 1 || bytes[1] >= 0x80, FAULT);
    return bytes.slice(1);
  }

  /** What a SubjectPublicKeyInfo holds: a key of an algorithm. @param {...Uint8Array} spellings of its identifier */
  publicKey(...spellings) {
    const found = this.take(SEQUENCE);
    require(spellings.some((one) => equal(one, found)), "a key of another algorithm");
    const bits = this.take(BIT_STRING);
    require(bits[0] === 0, FAULT);
    return bits.slice(1);
  }
}

/** The one sequence that the bytes are, read by `read` to its end. @throws {Refused} */
export function readSequence(bytes, read) {
  const whole = new Der(bytes);
  const of = new Der(whole.take(SEQUENCE));
  const found = read(of);
  require(of.left.length === 0 && whole.left.length === 0, FAULT);
  return found;
}

/** Two integers and no more. */
export const twoIntegers = (of) => [of.integer(), of.integer()];
