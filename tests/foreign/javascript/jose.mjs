// `node jose.mjs make FILE` signs a JWS with jose, for a network to register.
// `node jose.mjs check --jwks FILE… --jws FILE… --receipt RECEIPT JWS…` has jose check what the network publishes and gives
// back: names and keys of JWK sets, statements as they were signed; then everything spoiled, which it has to refuse.
//
// Sources: RFC 7515, RFC 7517, RFC 7638, RFC 8037. jose checks Ed25519 wherever WebCrypto does; ML-DSA-65 only where that
// knows it, so those signatures are `noble.mjs`'s.

import { readFileSync, writeFileSync } from "node:fs";

import * as jose from "jose";

import { flipped, refuses, Refused, require, statementIn } from "./common.mjs";

const algorithms = ["EdDSA", "Ed25519"];

async function make(file) {
  const { publicKey, privateKey } = await jose.generateKeyPair("Ed25519", { extractable: true });
  const jwk = await jose.exportJWK(publicKey);
  const jws = await new jose.SignJWT({ sub: "made by jose" })
    .setProtectedHeader({ alg: "EdDSA", typ: "JWT", jwk: { kty: jwk.kty, crv: jwk.crv, x: jwk.x } })
    .setIssuer("https://issuer.example")
    .setExpirationTime("10y")
    .sign(privateKey);
  writeFileSync(file, jws);
}

/** Whether it is a key by one more name, for clients of other systems, with the `alg` that they look for. */
function isAlias(key) {
  return key.kty === "OKP" && key.alg !== undefined;
}

const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/** The name is `default`, of a key that the set holds by another name too, or the DID URL of the key itself. */
function checkAlias({ kid, alg, crv, x }, keys) {
  require(alg === "EdDSA" && crv === "Ed25519", `${kid} is of another kind`);
  if (kid === "default") {
    require(keys.some((other) => other.kid !== kid && other.x === x), "default is no key of the set");
    return;
  }
  const [did, fragment] = kid.split("#");
  require(did === `did:key:${fragment}` && fragment.startsWith("z"), `${kid} is no name that is known`);
  const number = [...fragment.slice(1)].reduce((sum, letter) => sum * 58n + BigInt(ALPHABET.indexOf(letter)), 0n);
  const named = Buffer.from(number.toString(16).padStart(68, "0"), "hex");
  require(named.equals(Buffer.concat([Buffer.from([0xed, 1]), Buffer.from(x, "base64url")])), `${kid} names another key`);
}

/** A set of keys: each name is the key's thumbprint, none is secret, and jose resolves each Ed25519 key by its name. */
async function checkSet(text) {
  const set = JSON.parse(text);
  const find = jose.createLocalJWKSet(set);
  require(set.keys.length > 0, "the set holds no key");
  for (const key of set.keys) {
    if (isAlias(key)) checkAlias(key, set.keys);
    else require((await jose.calculateJwkThumbprint(key)) === key.kid, `${key.kid} is not the key's thumbprint`);
    require(key.d === undefined && key.priv === undefined, `${key.kid} is secret`);
    if (key.kty !== "OKP") continue;
    const exported = await jose.exportJWK(await jose.importJWK(key, "EdDSA"));
    require(exported.x === key.x && exported.d === undefined, `${key.kid} is another key when it was imported`);
    const found = await find({ alg: "EdDSA", kid: key.kid });
    require(found.type === "public" && found.usages.join() === "verify", `${key.kid} is not found by its name`);
  }
  return set.keys.length;
}

function* spoiledSets(text) {
  const set = JSON.parse(text);
  const written = (change) => {
    const copy = structuredClone(set);
    change(copy);
    return JSON.stringify(copy);
  };
  yield ["there is no key", written((copy) => (copy.keys = []))];
  yield ["it is no set", written((copy) => delete copy.keys)];
  for (const [at, { kid, kty }] of set.keys.entries()) {
    const one = (what, change) => [`${what} of ${kid}`, written(({ keys }) => change(keys[at]))];
    yield one("the name", (key) => (key.kid = flipped(key.kid, Math.min(20, key.kid.length - 1))));
    yield one("the key", (key) => (key[kty === "OKP" ? "x" : "pub"] = flipped(key[kty === "OKP" ? "x" : "pub"], 20)));
    yield one("the type", (key) => (key.kty = kty === "OKP" ? "AKP" : "OKP"));
    yield one("a secret", (key) => (key.d = key.priv = "AAAA"));
    if (kty === "OKP") yield one("the curve", (key) => (key.crv = "X25519"));
    else yield one("the algorithm", (key) => (key.alg = "ML-DSA-44"));
  }
}

/** A JWS by the key in its header, compact or with several signatures; jose believes the first that holds. */
async function checkJws(text) {
  if (!text.startsWith("{")) {
    const { payload } = await jose.compactVerify(text, jose.EmbeddedJWK, { algorithms });
    return payload.length;
  }
  const { payload } = await jose.generalVerify(JSON.parse(text), jose.EmbeddedJWK, { algorithms });
  return payload.length;
}

function* spoiledCompact(text) {
  const [header, payload, signature] = text.split(".");
  const written = (change) => {
    const members = JSON.parse(Buffer.from(header, "base64url"));
    change(members);
    return [Buffer.from(JSON.stringify(members)).toString("base64url"), payload, signature].join(".");
  };
  yield ["the payload is detached", `${header}..${signature}`];
  yield ["the signature is another's", `${header}.${payload}.${Buffer.alloc(64, 7).toString("base64url")}`];
  yield ["the signature is shorter", `${header}.${payload}.${signature.slice(0, -2)}`];
  yield ["nothing is signed", `${header}.${payload}.`];
  yield ["there is a fourth part", `${text}.${signature}`];
  yield ["the algorithm is none", written((members) => (members.alg = "none"))];
  yield ["the algorithm is another", written((members) => (members.alg = "ES256"))];
  yield ["something is critical", written((members) => Object.assign(members, { crit: ["exp"], exp: 1 }))];
  yield ["the payload is not encoded", written((members) => Object.assign(members, { crit: ["b64"], b64: false }))];
  yield ["the key is another", written(({ jwk }) => (jwk.x = flipped(jwk.x, 20)))];
  yield ["there is no key", written((members) => delete members.jwk)];
  for (let at = 0; at < text.length - 1; at++) if (text[at] !== ".") yield [`character ${at} is another`, flipped(text, at)];
}

function* spoiledGeneral(text) {
  const written = (change) => {
    const copy = JSON.parse(text);
    change(copy);
    return JSON.stringify(copy);
  };
  yield ["the payload is another", written((copy) => (copy.payload = flipped(copy.payload, 3)))];
  yield ["no signature is left", written((copy) => (copy.signatures = []))];
  for (const part of ["signature", "protected"]) {
    const turned = ({ signatures }) => signatures.forEach((one) => (one[part] = flipped(one[part], 9)));
    yield [`the ${part} of both is another`, written(turned)];
  }
}

async function check(words) {
  const files = { "--jwks": [], "--jws": [], "--receipt": [] };
  let flag = null;
  for (const word of words) {
    if (word in files) flag = word;
    else files[flag].push(word);
  }
  for (const file of files["--jwks"]) {
    const text = readFileSync(file, "utf8");
    const [count, refused] = [await checkSet(text), await refuses(checkSet, spoiledSets(text))];
    console.log(`jwks ${file}: ${count} keys, ${refused} spoiled sets refused`);
  }
  const given = [];
  for (const file of files["--jws"]) given.push([file, readFileSync(file, "utf8")]);
  for (let at = 0; at < files["--receipt"].length; at += 2) {
    const [receipt, signed] = files["--receipt"].slice(at, at + 2);
    const held = statementIn(receipt).toString();
    require(held === readFileSync(signed, "utf8"), `${receipt} holds something else than ${signed}`);
    given.push([receipt, held]);
  }
  for (const [file, text] of given) {
    const spoiled = text.startsWith("{") ? spoiledGeneral(text) : spoiledCompact(text);
    const [count, refused] = [await checkJws(text), await refuses(checkJws, spoiled)];
    console.log(`jws  ${file}: ${count} bytes verified, ${refused} spoiled ones refused`);
  }
}

const [command, ...words] = process.argv.slice(2);
try {
  if (command === "make") await make(words[0]);
  else await check(words);
} catch (fault) {
  if (!(fault instanceof Refused)) throw fault;
  console.error(`REFUSED ${fault.message}`);
  process.exitCode = 1;
}
