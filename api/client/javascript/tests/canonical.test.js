// What others hash: canonical JSON as Python writes it, times, and signatures by every algorithm that evidence names.

import assert from "node:assert/strict";
import { generatePrimeSync } from "node:crypto";
import { test } from "node:test";

import { concat, fromHex, Refused, toBase64Url, toHex, utf8 } from "../src/bytes.js";
import { canonicalJson } from "../src/canonical.js";
import { Members, readJson } from "../src/evidence/members.js";
import { isKnown, isPostQuantum, verifyOutside } from "../src/evidence/outside.js";
import { readTime } from "../src/evidence/time.js";
import { leafHash, nodeHash, rootOver } from "../src/merkle.js";
import { outside } from "./vectors.js";

const read = (text) => readJson(text, 1 << 20, "the text");
const again = (text) => new TextDecoder().decode(canonicalJson(read(text)));

test("numbers are written as Python writes them, and go through no double that are none", () => {
  for (const [given, expected] of [
    ["100.0", "100.0"],
    ["1e2", "100.0"],
    ["1E+2", "100.0"],
    ["100", "100"],
    ["-0", "0"],
    ["-0.0", "-0.0"],
    ["0e7", "0.0"],
    ["-1e-400", "-0.0"],
    ["0.1", "0.1"],
    ["0.30000000000000004", "0.30000000000000004"],
    ["0.0001", "0.0001"],
    ["0.00001", "1e-05"],
    ["-1.25e-7", "-1.25e-07"],
    ["123456789012345.6", "123456789012345.6"],
    ["9999999999999998.0", "9999999999999998.0"],
    ["1e15", "1000000000000000.0"],
    ["1e16", "1e+16"],
    ["12345678901234567.0", "1.2345678901234568e+16"],
    ["1.7976931348623157e308", "1.7976931348623157e+308"],
    ["5e-324", "5e-324"],
    ["9007199254740993", "9007199254740993"],
    ["170141183460469231731687303715884105727", "170141183460469231731687303715884105727"],
    ["-170141183460469231731687303715884105728", "-170141183460469231731687303715884105728"],
  ]) {
    assert.equal(again(given), expected, given);
  }
  const large = ["1e309", "-1e309", "170141183460469231731687303715884105728", "-170141183460469231731687303715884105729"];
  for (const text of [...large, "9".repeat(1 << 19), "01", "1.", ".5", "+1", "NaN", "Infinity", "1e"]) {
    assert.throws(() => read(text), Refused, text.slice(0, 50));
  }
});

test("members stand in the order of their code points, and what is not printable ASCII is escaped", () => {
  assert.equal(again('{"b":1,"a":[true,false,null],"":{}}'), '{"":{},"a":[true,false,null],"b":1}');
  assert.equal(again('"\\u0000\\u001f\\b\\f\\n\\r\\t\\"\\\\\\/ ~\\u007f\u0080\u00e9\u2028\ud83d\ude00"'),
    '"\\u0000\\u001f\\b\\f\\n\\r\\t\\"\\\\/ ~\\u007f\\u0080\\u00e9\\u2028\\ud83d\\ude00"');
  // By units a pair stands before what is written with one unit beyond it.
  assert.equal(again('{"\ud83d\ude00":1,"\uffee":2,"\ud7ff":3,"\ud83d\ude01":4}'),
    '{"\\ud7ff":3,"\\uffee":2,"\\ud83d\\ude00":1,"\\ud83d\\ude01":4}');
  assert.equal(again('{"__proto__":1,"10":2,"9":3}'), '{"10":2,"9":3,"__proto__":1}');
  for (const text of ['{"a":1,"a":2}', '{"a":1,"\\u0061":2}', '"\\ud83d"', '"\\ude00"', "[1,]", "1 2", "\ufeff1", ""]) {
    assert.throws(() => read(text), Refused, text);
  }
});

test("nothing is read that stands deeper than 32", () => {
  const nested = (depth, inner) => "[".repeat(depth) + inner + "]".repeat(depth);
  assert.equal(again(nested(32, "1")), nested(32, "1"));
  assert.equal(again(nested(33, "")), nested(33, ""));
  for (const text of [nested(33, "1"), nested(34, ""), nested(500_000, "")]) assert.throws(() => read(text), Refused);
  assert.throws(() => readJson("[1]", 2, "the text"), Refused);
});

test("members are of their kind and within their bounds", () => {
  const fits = (kind, text) => {
    try {
      new Members(read(`{"a":${text}}`), "it")[kind]("a");
      return true;
    } catch (fault) {
      assert.ok(fault instanceof Refused, fault);
      return false;
    }
  };
  const hex = "0123456789abcdef".repeat(4);
  const long = (letter, times) => `"${letter.repeat(times)}"`;
  for (const [kind, good, bad] of [
    ["text", ['"a"', long("a", 256), long("é", 128)], ['""', long("a", 257), long("é", 129), "1", "null"]],
    ["number", ["0", "-0", "18446744073709551615"], ["18446744073709551616", "-1", "1.0", "1e0", '"1"', "null"]],
    ["digest", [`"${hex}"`], [`"${hex.toUpperCase()}"`, `"${hex}0"`, `"${hex}\\n"`, `"sha256:${hex}"`]],
    ["tagged", [`"sha256:${hex}"`], [`"${hex}"`, `"SHA256:${hex}"`, `"sha256:sha256:${hex}"`]],
    ["bytes", ['"AA=="', '"AAA="', '"AAAA"', `"${"A".repeat(10_920)}AAA="`],
      ['""', '"AA"', '"AB=="', '"A==="', '"AA=A"', '"-_8="', '" AAAA"', long("A", 10_924)]],
    ["time", ['"1970-01-01T00:00:00Z"'], ['"1970-01-01"', "0"]],
    ["object", ["{}"], ["[]", "null", '"{}"']],
  ]) {
    for (const text of good) assert.ok(fits(kind, text), `${kind} ${text.slice(0, 80)}`);
    for (const text of bad) assert.ok(!fits(kind, text), `${kind} ${text.slice(0, 80)}`);
  }
});

test("times have an offset and exist", () => {
  const noon = readTime("2026-03-06T12:00:00Z");
  assert.equal(noon, 1_772_798_400_000_000n);
  for (const same of ["2026-03-06T12:00:00.000000+00:00", "2026-03-06T13:30:00+01:30", "2026-03-05T23:00:00.0-13:00"]) {
    assert.equal(readTime(same), noon, same);
  }
  assert.equal(readTime("2026-03-06T12:00:00.000001Z"), noon + 1n);
  assert.equal(readTime("2026-03-06T12:00:00.1Z"), noon + 100_000n);
  assert.equal(readTime("2000-02-29T00:00:00Z"), 951_782_400_000_000n);
  assert.equal(readTime("9999-12-31T23:59:59.999999Z"), 253_402_300_799_999_999n);
  for (const text of [
    "", "2026-03-06", "2026-03-06T12:00:00", "2026-03-06 12:00:00Z", "2026-03-06T12:00:00z", "2026-03-06T12:00:00+0100",
    "2026-03-06T12:00:00+24:00", "2026-03-06T12:00:00+01:60", "2026-03-06T12:00:00.Z", "2026-03-06T12:00:00.0000001Z",
    "2026-03-06T12:00:60Z", "2026-03-06T12:60:00Z", "2026-03-06T24:00:00Z", "2026-02-29T12:00:00Z", "2026-13-01T12:00:00Z",
    "2026-00-01T12:00:00Z", "2026-03-00T12:00:00Z", "2026-04-31T12:00:00Z", "1969-12-31T23:59:59Z",
    "1970-01-01T00:00:00+01:00", "2026-03-06T12:00:00Z ", "2026-03-06T12:00:00Z\n", "+026-03-06T12:00:00Z",
    "２026-03-06T12:00:00Z",
  ]) {
    assert.equal(readTime(text), null, JSON.stringify(text));
  }
});

test("the root over entries is that of the definition", async () => {
  const root = async (entries) => {
    if (entries.length === 1) return leafHash(entries[0]);
    let split = 1;
    while (split * 2 < entries.length) split *= 2;
    return nodeHash(await root(entries.slice(0, split)), await root(entries.slice(split)));
  };
  assert.equal(toHex(await rootOver([])), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  const entries = Array.from({ length: 70 }, (_, at) => Uint8Array.of(at));
  for (let size = 1; size <= entries.length; size++) {
    const some = entries.slice(0, size);
    assert.equal(toHex(await rootOver(some)), toHex(await root(some)), `${size}`);
  }
});

test("signatures by every algorithm hold, and with a turned bit they do not", async () => {
  const { signed, holds, refused } = outside();
  const names = new Set(holds.map(({ algorithm }) => algorithm));
  assert.equal(names.size, 7);
  const fits = async (algorithm, key, text, signature) => {
    try {
      await verifyOutside(algorithm, key, text, signature);
      return true;
    } catch (fault) {
      assert.ok(fault instanceof Refused, `${algorithm}: ${fault}`);
      return false;
    }
  };
  const turned = (bytes, at) => bytes.map((byte, place) => (place === at ? byte ^ 1 : byte));
  const empty = new Uint8Array();
  for (const { algorithm, note, key, signature } of holds) {
    assert.ok(isKnown(algorithm));
    assert.equal(isPostQuantum(algorithm), algorithm.startsWith("ML-DSA"));
    assert.ok(await fits(algorithm, key, signed, signature), `${algorithm}, ${note}`);
    for (const other of names) {
      assert.equal(await fits(other, key, signed, signature), other === algorithm, `${note} as ${other}`);
    }
    for (const [what, ...spoilt] of [
      ["signed", key, turned(signed, 7), signature],
      ["no key", empty, signed, signature],
      ["no signature", key, signed, empty],
      ["key cut", key.slice(1), signed, signature],
      ["key long", concat(key, Uint8Array.of(0)), signed, signature],
      ["signature cut", key, signed, signature.slice(0, -1)],
      ["signature long", key, signed, concat(signature, Uint8Array.of(0))],
    ]) {
      assert.ok(!(await fits(algorithm, ...spoilt)), `${algorithm}, ${note}: ${what}`);
    }
    // Each byte of what is short, some of what is long.
    for (let at = 0; at < signature.length; at += Math.ceil(signature.length / 128)) {
      const holds = await fits(algorithm, key, signed, turned(signature, at));
      assert.ok(!holds, `${algorithm}, ${note}: signature, byte ${at}`);
    }
    for (let at = 0; at < key.length; at += Math.ceil(key.length / 128)) {
      const holds = await fits(algorithm, turned(key, at), signed, signature);
      assert.ok(!holds, `${algorithm}, ${note}: key, byte ${at}`);
    }
  }
  for (const [algorithm, length] of [["Ed25519", 31], ["Ed25519", 32], ["ML-DSA-87", 1952]]) {
    const given = verifyOutside(algorithm, new Uint8Array(length), signed, new Uint8Array(64));
    await assert.rejects(given, new RegExp(`^Error: ${length} bytes are no public key of ${algorithm}$`));
  }
  for (const { algorithm, note, key, signature } of refused) {
    assert.ok(!(await fits(algorithm, key, signed, signature)), `${algorithm}, ${note}`);
  }
  for (const name of ["", "ml-dsa-65", "ML-DSA", "EdDSA", "ES256", "none", "toString"]) assert.ok(!isKnown(name), name);
});

test("a key or a signature in another spelling: points in short form hold, DER that is not minimal does not", async () => {
  const { signed, holds } = outside();
  const isPoint = ({ algorithm, key }) => algorithm.startsWith("ECDSA") && key[0] === 4;
  for (const { algorithm, key, signature } of holds.filter(isPoint)) {
    const half = (key.length - 1) / 2;
    const x = key.slice(1, 1 + half);
    const sign = key.at(-1) & 1;
    await verifyOutside(algorithm, concat(Uint8Array.of(2 + sign), x), signed, signature);
    const refused = (what, ...given) => assert.rejects(verifyOutside(algorithm, ...given), Refused, what);
    await refused("the other half", concat(Uint8Array.of(3 - sign), x), signed, signature);
    await refused("both forms at once", concat(Uint8Array.of(6 + sign), key.slice(1)), signed, signature);
    const body = signature.slice(2);
    await refused("a long length", key, signed, concat(fromHex("3081"), signature.slice(1)));
    await refused("a length without end", key, signed, concat(fromHex("3080"), body, fromHex("0000")));
    const first = body[1];
    const padded = concat(Uint8Array.of(2, first + 1, 0), body.slice(2));
    await refused("a zero more", key, signed, concat(Uint8Array.of(0x30, padded.length), padded));
    for (const one of [fromHex("020100"), fromHex("0200"), fromHex("0201ff")]) {
      const pair = concat(one, body.slice(2 + first));
      await refused(toHex(one), key, signed, concat(Uint8Array.of(0x30, pair.length), pair));
    }
  }
});

/** A private key of exactly so many bits, which key generators round. */
function rsaKey(bits) {
  const e = 65_537n;
  const inverse = (of, modulus) => {
    let [a, b, x, y] = [of % modulus, modulus, 1n, 0n];
    while (b > 0n) [a, b, x, y] = [b, a % b, y, x - (a / b) * y];
    return ((x % modulus) + modulus) % modulus;
  };
  const half = Math.ceil(bits / 2);
  for (;;) {
    const [p, q] = [half, bits - half].map((length) => generatePrimeSync(length, { bigint: true }));
    if (p === q || (p * q).toString(2).length !== bits || p % e === 1n || q % e === 1n) continue;
    const d = inverse(e, (p - 1n) * (q - 1n));
    const numbers = { n: p * q, e, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) };
    const bytes = (hex) => fromHex(hex.padStart(hex.length + (hex.length % 2), "0"));
    const members = Object.entries(numbers).map(([name, number]) => [name, toBase64Url(bytes(number.toString(16)))]);
    return { kty: "RSA", ...Object.fromEntries(members) };
  }
}

test("RSA keys: both forms hold, and those too short or without a good exponent do not", async () => {
  const signed = utf8("a".repeat(64));
  const digest = { name: "RSA-PSS", hash: "SHA-256" };
  const make = async (bits, salt = Math.ceil((bits - 1) / 8) - 34) => {
    const jwk = rsaKey(bits);
    const secret = await crypto.subtle.importKey("jwk", jwk, digest, false, ["sign"]);
    const open = await crypto.subtle.importKey("jwk", { kty: "RSA", n: jwk.n, e: jwk.e }, digest, true, ["verify"]);
    const key = new Uint8Array(await crypto.subtle.exportKey("spki", open));
    const value = await crypto.subtle.sign({ name: "RSA-PSS", saltLength: salt }, secret, signed);
    return { key, signature: new Uint8Array(value) };
  };
  for (const bits of [2048, 2049, 2056, 3072]) {
    const { key, signature } = await make(bits);
    await verifyOutside("RSA-PSS-SHA256", key, signed, signature);
    await verifyOutside("RSA-PSS-SHA256", key.slice(24), signed, signature);
    const info = (algorithm) => {
      const identifier = fromHex(algorithm);
      const of = concat(Uint8Array.of(0x30, identifier.length), identifier, key.slice(19));
      return concat(fromHex("3082"), Uint8Array.of(of.length >> 8, of.length & 255), of);
    };
    for (const algorithm of ["06092a864886f70d010101", "06092a864886f70d01010a"]) {
      await verifyOutside("RSA-PSS-SHA256", info(algorithm), signed, signature);
    }
    // Another algorithm's; one that restricts what it signs.
    for (const algorithm of ["06092a864886f70d01010b", "06092a864886f70d01010a3000"]) {
      await assert.rejects(verifyOutside("RSA-PSS-SHA256", info(algorithm), signed, signature), Refused, algorithm);
    }
    for (const last of [3, 0]) {
      const other = concat(key.slice(0, -1), Uint8Array.of(last));
      await assert.rejects(verifyOutside("RSA-PSS-SHA256", other, signed, signature), Refused, `exponent of ${last}`);
    }
  }
  for (const bits of [1024, 2040]) {
    const { key, signature } = await make(bits);
    await assert.rejects(verifyOutside("RSA-PSS-SHA256", key, signed, signature), Refused, `${bits} bits`);
  }
  const { key, signature } = await make(2048, 221);
  await assert.rejects(verifyOutside("RSA-PSS-SHA256", key, signed, signature), Refused, "a salt one byte shorter");
});

test("what the platform does not have is neither true nor false", async (t) => {
  const { signed, holds } = outside();
  t.mock.method(crypto.subtle, "importKey", () => Promise.reject(new DOMException("not here", "NotSupportedError")));
  for (const { algorithm, key, signature } of holds.filter(({ algorithm }) => /^(ECDSA|RSA)/.test(algorithm))) {
    await assert.rejects(verifyOutside(algorithm, key, signed, signature), { outcome: "unknown" }, algorithm);
  }
});
