// The client against a server that plays a node: what it believes, what it repeats, where it goes on.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, test } from "node:test";

import { Client, ClientError, NotFinalError, NotVerifiedError, proofSubmit, sign, Signer, UsageError } from "../src/index.js";
import { bytesField, messageField, numberField } from "../src/protobuf.js";
import { family } from "./vectors.js";

const servers = [];
after(() => servers.forEach((server) => server.closeAllConnections() ?? server.close()));

/** A server that answers each request with the next of these functions, the last one for ever. */
async function serve(...answers) {
  const asked = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    asked.push({ method: request.method, url: request.url, body, headers: request.headers });
    answers[Math.min(asked.length, answers.length) - 1](response, { url: request.url, body });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  servers.push(server);
  return { url: `http://127.0.0.1:${server.address().port}`, asked };
}

const json = (value, status = 200) => (response) => {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(typeof value === "string" ? value : JSON.stringify(value));
};
const problem = (status, code, more = {}) =>
  json({ code, status, title: "Title", detail: "detail", hint: "hint", ...more }, status);
const events = (...pieces) => (response) => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.end(pieces.join(""));
};
const event = (sequence, more = "") => `id: ${sequence}\nevent: finalized\ndata: {"type":"finalized","sequence":${sequence},"size":3}\n\n${more}`;

const vector = family("positive.json").find(({ name }) => name.startsWith("asked for all"));
const { submission } = vector.options;
const ticket = (state, more = {}) =>
  ({ id: submission, state, height: null, index: null, checkpoint_size: null, self: "/", ...more });
const signed = { id: submission, envelope: new Uint8Array(3) };
const kind = (expected) => (fault) => fault instanceof ClientError && fault.kind === expected;

test("a receipt is given only when it holds", async () => {
  const text = new TextDecoder().decode(vector.receipt);
  const { url } = await serve(json(text), json(text.replace('"index":1', '"index":2')), json(text), json(text));
  const client = new Client(url, { policy: vector.policy });
  const { receipt, report } = await client.receipt(submission);
  assert.equal(receipt, text);
  assert.equal(report.facts.id, submission);
  await assert.rejects(client.receipt(submission), (fault) => fault instanceof NotVerifiedError && !fault.report.verified);
  await assert.rejects(client.receipt("ab".repeat(32)), (fault) => fault.report?.failed === "entry");
  await assert.rejects(client.receipt(2), NotVerifiedError);
  await assert.rejects(new Client(url).receipt(submission), kind("address"));
});

test("submitting waits by sending the same bytes again", async () => {
  const { url, asked } = await serve(
    problem(503, "busy", { retry_after_ms: 1 }),
    json(ticket("accepted", { retry_after_ms: 1 })),
    json(ticket("finalized")),
    json(new TextDecoder().decode(vector.receipt)),
  );
  const proven = await new Client(url, { policy: vector.policy, token: "secret" }).prove(signed);
  assert.equal(proven.report.verified, true);
  const bodies = asked.slice(0, 3).map(({ body }) => JSON.parse(body));
  assert.ok(bodies.every(({ envelope, wait }) => envelope === "AAAA" && wait === "finalized"));
  assert.equal(asked[0].headers.authorization, "Bearer secret");
});

test("that time is up is no error, and what is not known is said", async () => {
  const { url } = await serve(json(ticket("accepted", { retry_after_ms: 5 })));
  const client = new Client(url, { policy: vector.policy });
  assert.equal((await client.submit(signed, { wait: "finalized", timeoutMs: 20 })).state, "accepted");
  await assert.rejects(client.prove(signed, { timeoutMs: 20 }), NotFinalError);
  const broken = await serve((response) => response.destroy());
  const open = (fault) => kind("outcome_unknown")(fault) && fault.id === submission;
  await assert.rejects(new Client(broken.url).submit(signed), open);
  const other = await serve(json({ ...ticket("accepted"), id: "00".repeat(32) }));
  await assert.rejects(new Client(other.url).submit(signed), open);
  const gone = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => gone.once("listening", resolve));
  const { port } = gone.address();
  await new Promise((resolve) => gone.close(resolve));
  await assert.rejects(new Client(`http://127.0.0.1:${port}`).submit(signed), kind("cannot_connect"));
  const refused = await serve(problem(422, "submission_refused"));
  await assert.rejects(new Client(refused.url).submit(signed), (fault) => kind("refused")(fault) && fault.isPermanent);
});

test("answers are read strictly, and a stranger's is no problem of a node", async () => {
  for (const text of ['{"a":1,"a":2}', "[]", "<html>", '{"a":"\\ud800"}', `${"[".repeat(40)}`]) {
    const { url } = await serve(json(text));
    await assert.rejects(new Client(url).status(), kind("unreadable"), text);
  }
  const proxy = await serve(json("<html>bad gateway</html>", 502));
  await assert.rejects(new Client(proxy.url).status(), kind("unreadable"));
  const missing = await serve(problem(404, "entry_unknown"));
  await assert.rejects(new Client(missing.url).entry(7), kind("not_found"));
  await assert.rejects(async () => new Client(missing.url).entry("../status"), kind("address"));
  assert.throws(() => new Client("ftp://x"), kind("address"));
});

test("events go on where they broke, without a gap and none twice", async () => {
  const { url, asked } = await serve(
    events(":\n\n", event(1), event(2), 'data: {"type":"fin'),
    events(event(2), event(3), event(4)),
    problem(503, "stopping"),
    events(event(5)),
  );
  const seen = [];
  for await (const { sequence } of new Client(url).events({ from: 1 })) {
    seen.push(sequence);
    if (sequence === 5) break;
  }
  assert.deepEqual(seen, [1, 2, 3, 4, 5]);
  assert.deepEqual(asked.map(({ url }) => url), ["/v1/events?from=1", "/v1/events?from=3", "/v1/events?from=5", "/v1/events?from=5"]);
  const bad = await serve(problem(400, "invalid_params"));
  await assert.rejects(new Client(bad.url).events({ from: 9 }).next(), kind("refused"));
  const stop = new AbortController();
  const silent = await serve((response) => response.write(":\n\n"));
  setTimeout(() => stop.abort(), 20);
  assert.equal((await new Client(silent.url).events({ signal: stop.signal }).next()).done, true);
});

test("a seed gives the id that Rust gives", async () => {
  // The submission in the vectors: the same author, network and operation.
  const known = family("positive.json").find(({ name }) => name === "entry proof.submit").facts;
  // HKDF of the generator's master seed for "author": `derive_seed(&[7; 32], "author")`.
  const master = await crypto.subtle.importKey("raw", new Uint8Array(32).fill(7), "HKDF", false, ["deriveBits"]);
  const bytes = (text) => new TextEncoder().encode(text);
  const algorithm = { name: "HKDF", hash: "SHA-256", salt: bytes("quorate/keys/v1"), info: bytes("author") };
  const seed = new Uint8Array(await crypto.subtle.deriveBits(algorithm, master, 256));
  const signer = await Signer.fromSeed(seed);
  const operation = proofSubmit({ content: known.content, contentBytes: 12, mediaType: "text/plain", subject: "artifact.txt" });
  const { id } = await sign(signer, { network: known.network, operation, nonce: 1 });
  assert.deepEqual([id, signer.did, signer.keyId], [known.id, known.author, known.key]);
  for (const scheme of ["ml-dsa-65", "ed25519+ml-dsa-65"]) {
    const other = await Signer.generate(scheme);
    assert.match((await sign(other, { network: known.network, operation })).id, /^[0-9a-f]{64}$/);
  }
  const bad = { network: known.network, operation, tenant: "Not a tenant" };
  await assert.rejects(sign(signer, bad), UsageError);
});

test("artifacts beside the log are read as they are written", async () => {
  const signer = await Signer.generate();
  const artifact = (...parts) => messageField(30, bytesField(1, new Uint8Array(32).fill(7)), ...parts);
  const network = "00".repeat(32);
  const [salted, length, once] = [numberField(2, 1n), numberField(3, 9n), numberField(7, 1n)];
  for (const operation of [
    artifact(),
    artifact(salted, length, numberField(6, 1n), once),
    messageField(31, bytesField(1, new Uint8Array(32))),
  ]) {
    assert.match((await sign(signer, { network, operation })).id, /^[0-9a-f]{64}$/);
  }
  for (const operation of [
    messageField(30, length),
    artifact(numberField(2, 2n)),
    artifact(Uint8Array.of(0x10, 0)),
    artifact(once),
    messageField(31, bytesField(2, new Uint8Array(1))),
  ]) {
    await assert.rejects(sign(signer, { network, operation }), UsageError);
  }
});
