// Strict verification, and keys that Rust makes of the same seeds.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ml_dsa44, ml_dsa65 } from "@noble/post-quantum/ml-dsa.js";

import { concat, fromBase64, fromHex, toHex, utf8 } from "../src/bytes.js";
import { Ed25519Key, ed25519FromSeed } from "../src/ed25519.js";
import { parseSignature, PublicKey } from "../src/schemes.js";
import { cosignatures } from "./vectors.js";

test("RFC 8032, section 7.1, test 3", async () => {
  const seed = fromHex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7");
  const { publicKey, sign } = await ed25519FromSeed(seed);
  assert.equal(toHex(publicKey), "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025");
  const signature = await sign(fromHex("af82"));
  assert.equal(toHex(signature).slice(0, 32), "6291d657deec24024827e69c3abe01a3");
  const key = Ed25519Key.parse(publicKey);
  await key.verify(fromHex("af82"), signature);
  await assert.rejects(key.verify(fromHex("af83"), signature));
});

test("the key of an identity: S = 0 and R = 1 fit the neutral point, which is refused", async () => {
  // What a verifier that is not strict accepts for any message.
  const key = fromHex(`01${"00".repeat(31)}`);
  assert.throws(() => Ed25519Key.parse(key), /small order/);
});

test("R of small order is refused, though the equation holds", async () => {
  // With r = 0: R is the neutral point and S = h a. Made with a key whose secret scalar is known.
  const L = (1n << 252n) + 27742317777372353535851937790883648493n;
  const seed = new Uint8Array(32).fill(9);
  const { publicKey } = await ed25519FromSeed(seed);
  const sha512 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-512", bytes));
  const little = (bytes) => bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const expanded = (await sha512(seed)).slice(0, 32);
  expanded[0] &= 248;
  expanded[31] = (expanded[31] & 127) | 64;
  const r = fromHex(`01${"00".repeat(31)}`);
  const message = utf8("any");
  const s = (little(await sha512(concat(r, publicKey, message))) * little(expanded)) % L;
  const signature = concat(r, Uint8Array.from({ length: 32 }, (_, at) => Number((s >> BigInt(8 * at)) & 0xffn)));
  const loose = await crypto.subtle.importKey("raw", publicKey, "Ed25519", false, ["verify"]);
  assert.ok(await crypto.subtle.verify("Ed25519", loose, signature, message), "WebCrypto alone believes it");
  await assert.rejects(Ed25519Key.parse(publicKey).verify(message, signature), /does not fit/);
});

test("cosignatures of all three types, ML-DSA-44 by the library alone", async () => {
  const bytes = (text) => fromBase64(text);
  for (const { type, vkey, message, signature } of cosignatures().cosignatures) {
    const material = bytes(vkey.slice(vkey.indexOf("+", vkey.indexOf("+") + 1) + 1));
    if (type.startsWith("06")) {
      assert.ok(ml_dsa44.verify(bytes(signature), bytes(message), material.slice(1)), type);
      continue;
    }
    const [scheme, prefix] = type.startsWith("04") ? [1, 1] : [2, 21];
    const key = PublicKey.parse(scheme, material.slice(prefix));
    await key.verify(bytes(message), parseSignature(scheme, bytes(signature)));
    if (scheme === 2) assert.ok(ml_dsa65.verify(bytes(signature), bytes(message), material.slice(prefix)));
  }
});
