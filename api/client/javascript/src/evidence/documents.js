// Whom to believe about evidence, as it stands: a trust root, the bundle of keys that it vouches for, and the list of what
// was revoked. What is hashed and what is signed is what was read, not what would be written.

import { sha256, toHex } from "../bytes.js";
import { canonicalJson } from "../canonical.js";
import { Numeral } from "../json.js";
import { distinct, Members, readJson } from "./members.js";

const ROOT_PROTOCOL = "quantumlock-trust-root/1";
const TREE = "qcos-merkle-rfc9162-sha256";
const ROOT_BYTES_MAX = 1 << 20;
const BUNDLE_BYTES_MAX = 32 << 20;
const HEAD_BYTES_MAX = 4096;
const ROOT_KEYS_MAX = 256;
const ROLES_MAX = 16;
const LISTED_KEYS_MAX = 16_384;
const ROOTS_MAX = 64;
const EVENTS_MAX = 65_536;
/** Members of a bundle that are not signed: the signature, and what others noted of it. */
const NOT_SIGNED = ["signature", "signature_id", "audit_id"];

const without = (members, names) => new Map([...members].filter(([name]) => !names.includes(name)));

function withoutNulls(value) {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!(value instanceof Map)) return value;
  const left = [...value].filter(([, member]) => member !== null);
  return new Map(left.map(([name, member]) => [name, withoutNulls(member)]));
}

function readKey(of) {
  return { keyId: of.text("key_id"), algorithm: of.text("algorithm"), publicKey: of.bytes("public_key") };
}

function readOperationalKey(of) {
  const roles = of.list("roles", ROLES_MAX);
  of.require(roles.every((role) => typeof role === "string"), "roles", "texts");
  return { ...readKey(of), roles, from: of.maybe("valid_from", "time"), until: of.maybe("valid_until", "time") };
}

async function rootOf(value) {
  const of = new Members(value, "trust_root");
  of.protocol(ROOT_PROTOCOL);
  const root = {
    version: of.number("version"),
    issuer: of.text("issuer"),
    issuedAt: of.time("issued_at"),
    expiresAt: of.time("expires_at"),
    previous: of.maybe("previous_root_hash", "tagged"),
    rootKeys: of.each("root_keys", ROOT_KEYS_MAX, readKey),
    threshold: of.number("threshold"),
    operationalKeys: of.each("operational_keys", ROOT_KEYS_MAX, readOperationalKey),
    freshnessS: of.number("revocation_freshness_policy_seconds"),
    signatures: of.each("signatures", ROOT_KEYS_MAX, (by) => ({ keyId: by.text("key_id"), value: by.bytes("value") })),
  };
  of.close();
  distinct("trust_root.root_keys", root.rootKeys.map(({ keyId }) => keyId));
  distinct("trust_root.operational_keys", root.operationalKeys.map(({ keyId }) => keyId));
  const signed = canonicalJson(without(value, ["signatures"]));
  return { ...root, signed, pin: toHex(await sha256(signed)) };
}

/** A root: strictly what the format has. @param {string | Uint8Array} source @throws {Refused} */
export const readRoot = async (source) => rootOf(readJson(source, ROOT_BYTES_MAX, "the trust root"));

function readListedKey(of) {
  const key = {
    ...readKey(of),
    keyRef: of.maybe("key_ref"),
    from: of.maybe("valid_from", "time"),
    until: of.maybe("valid_until", "time"),
    revokedAt: of.maybe("revoked_at", "time"),
    reason: of.maybe("revocation_reason"),
  };
  of.leave();
  return key;
}

/** A revocation; `said` is what its digest is of. */
function readEvent(of) {
  const contentHash = of.digest("content_hash");
  const said = canonicalJson(withoutNulls(of.left));
  const event = { keyId: of.text("key_id"), keyRef: of.maybe("key_ref"), revokedAt: of.time("revoked_at") };
  const published = of.maybe("published_at", "time") ?? event.revokedAt;
  return { ...event, published, reason: of.maybe("revocation_reason"), contentHash, said };
}

function headOf(of) {
  of.require(of.text("algorithm") === TREE, "algorithm", TREE);
  return { size: of.number("tree_size"), root: of.tagged("root_hash") };
}

function listOf(of) {
  const list = { head: headOf(of), events: of.each("events", EVENTS_MAX, readEvent) };
  of.close();
  return list;
}

/** A bundle. What is not known here is signed, and says nothing. @param {string | Uint8Array} source @throws {Refused} */
export async function readBundle(source) {
  const value = readJson(source, BUNDLE_BYTES_MAX, "the trust bundle");
  const of = new Members(value, "trust_bundle");
  const issuedAt = of.time("issued_at");
  const keys = of.each("keys", LISTED_KEYS_MAX, readListedKey);
  distinct("trust_bundle.keys", keys.map(({ keyId }) => keyId));
  const under = of.object("trust_root");
  const root = { version: under.number("version"), pin: under.tagged("root_hash") };
  const chain = [];
  for (const one of of.has("trust_root_chain") ? of.list("trust_root_chain", ROOTS_MAX) : []) chain.push(await rootOf(one));
  const list = of.has("revocation_checkpoint") ? listOf(of.object("revocation_checkpoint")) : null;
  const by = of.object("signature");
  by.require(by.text("digest_algorithm") === "SHA-256", "digest_algorithm", "SHA-256");
  const signature = { keyId: by.text("key_id"), algorithm: by.text("algorithm"), value: by.bytes("value") };
  const signed = canonicalJson(without(withoutNulls(value), NOT_SIGNED));
  return { issuedAt, keys, root, chain, list, signature, signed };
}

/** The head of a list of revocations that was kept. @param {string | Uint8Array} source @throws {Refused} */
export function readHead(source) {
  const of = new Members(readJson(source, HEAD_BYTES_MAX, "the checkpoint"), "checkpoint");
  const head = headOf(of);
  of.close();
  return head;
}

/** A head as it is kept. @returns {Uint8Array} */
export const writeHead = ({ size, root }) =>
  canonicalJson(new Map([["algorithm", TREE], ["tree_size", new Numeral(String(size))], ["root_hash", `sha256:${root}`]]));
