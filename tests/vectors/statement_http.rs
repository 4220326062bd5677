//! HTTP message signatures in an entry: true ones and every way to spoil one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto::{Signature, sha256};
use proto::statement::Format;

use crate::keys::Secret;
use crate::statement::{did, ed, every_dialect, leaf, pq, refused, true_one, unsigned};
use crate::vector::{Asked, Vector};

const BODY: &str = "seven apples";

pub fn vectors() -> Vec<Vector> {
    [positive(), shape(), inputs(), bases(), bodies(), signatures()].concat()
}

/// What a signed request is made of, so that each part can be spoilt.
#[derive(Clone)]
struct Request {
    base: String,
    input: String,
    body: String,
    keys: Vec<Secret>,
}

fn digest(body: &str) -> String {
    format!("sha-256=:{}:", STANDARD.encode(sha256(body.as_bytes()).as_bytes()))
}

/// A request that covers these components, each with its value, under these parameters.
fn covering(components: &[(&str, &str)], params: &str) -> Request {
    let names: Vec<&str> = components.iter().map(|(name, _)| *name).collect();
    let params = format!("({}){params}", names.join(" "));
    let lines: String = components.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    let base = format!("{lines}\"@signature-params\": {params}");
    Request { base, input: format!("sig1={params}"), body: String::new(), keys: Vec::new() }
}

/// The usual one, of these parameters.
fn usual(params: &str) -> Request {
    let digest = digest(BODY);
    let components = [
        ("\"@method\"", "POST"),
        ("\"@target-uri\"", "https://example.com/orders?id=7"),
        ("\"content-type\"", "text/plain"),
        ("\"content-digest\"", digest.as_str()),
    ];
    Request { body: BODY.to_owned(), ..covering(&components, params) }
}

fn good() -> Request {
    usual(&format!(r#";created=1783368000;keyid="{}";alg="ed25519""#, did()))
}

/// One whose body is covered by a digest of this spelling.
fn digested(digest: &str, body: &str) -> Request {
    let params = format!(r#";keyid="{}""#, did());
    Request { body: body.to_owned(), ..covering(&[("\"content-digest\"", digest)], &params) }
}

impl Request {
    /// The same in base and input.
    fn with(self, from: &str, to: &str) -> Self {
        assert!(self.base.contains(from) && self.input.contains(from), "{from}");
        Self { base: self.base.replacen(from, to, 1), input: self.input.replacen(from, to, 1), ..self }
    }

    fn members(&self, signature: &str) -> Vec<(&'static str, String)> {
        let text = |text: &str| serde_json::to_string(text).expect("writes");
        vec![
            ("format", text("quorate/http-signature/v1")),
            ("base", text(&self.base)),
            ("input", text(&self.input)),
            ("signature", text(signature)),
            ("body", text(&STANDARD.encode(&self.body))),
        ]
    }

    fn seal(&self, signature: &str) -> Vec<u8> {
        self.join(&self.members(signature))
    }

    fn join(&self, members: &[(&'static str, String)]) -> Vec<u8> {
        let members: Vec<String> =
            members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        let keys: Vec<&Secret> = self.keys.iter().collect();
        leaf(Format::Http, format!("{{{}}}", members.join(",")).as_bytes(), &keys)
    }

    fn sequence(&self, secret: &Secret) -> String {
        sequence(&secret.sign(self.base.as_bytes()))
    }

    fn sign(&self, secret: &Secret) -> Vec<u8> {
        self.seal(&self.sequence(secret))
    }
}

fn sequence(signature: &Signature) -> String {
    format!("sig1=:{}:", STANDARD.encode(signature.as_bytes()))
}

fn positive() -> Vec<Vector> {
    let beside = |secret: &Secret, request: Request| Request { keys: vec![secret.clone()], ..request };
    let one = |name: &str, request: Request| true_one(name, request.sign(&ed()));
    let own = did();
    let pq_one = beside(&pq(), usual(r#";keyid="key-1";alg="ml-dsa-65""#));
    let keyid = format!(r#";keyid="{own}""#);
    let mut found = every_dialect("by Ed25519", &good().sign(&ed()));
    found.extend(every_dialect("by ML-DSA-65", &pq_one.sign(&pq())));
    let hundred = format!("\"{}\"", "x".repeat(100));
    let many: Vec<String> = (0..64).map(|at| format!("\"x-{at}\"")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), "v")).collect();
    let spaced = |around: &str| digested(&format!("sha-512=:AA==:,{around}{}{around}", digest(BODY)), BODY);
    found.extend([
        one("no algorithm named", usual(&keyid)),
        one("a keyid with a fragment", usual(&format!(r#";keyid="{own}#key""#))),
        one("no keyid, a key beside", beside(&ed(), usual(";created=1"))),
        one(
            "a keyid that names nobody, a key beside",
            beside(&ed(), usual(r#";keyid="did:web:example.com""#)),
        ),
        one("no parameters", beside(&ed(), usual(""))),
        one("a body of nothing that nothing covers", covering(&[("\"@path\"", "/orders")], &keyid)),
        one("a list of nothing", covering(&[], &keyid)),
        one(
            "a blank at the end of the list",
            covering(&[("\"@method\"", "GET")], &keyid).with("\")", "\" )"),
        ),
        one("64 components", covering(&many, &keyid)),
        one("a component of 100 letters, another of parameters", {
            covering(&[(&hundred, ""), ("\"x\";key=\"a b;c)\"", ": x")], &keyid)
        }),
        one("a blank within a component's name", covering(&[("\"a b\"", "v")], &keyid)),
        one("a digest of nothing", digested(&digest(""), "")),
        one("a digest among others", spaced(" ")),
        one(
            "a digest between blanks of all kinds",
            spaced("\t\u{b}\u{c}\u{85}\u{a0}\u{1680}\u{2003}\u{2028}\u{202f}\u{205f}\u{3000}"),
        ),
        one(
            "a digest twice, the first of which counts",
            digested(&format!("{},sha-256=:AA==:", digest(BODY)), BODY),
        ),
        one(
            "the same component under two parameters",
            covering(&[("\"x\"", "1"), ("\"x\";req", "2")], &keyid),
        ),
        one("an end", usual(&format!(";expires=4102444800{keyid}"))),
        one("an end with zeros before", usual(&format!(";expires={}7{keyid}", "0".repeat(30)))),
        one("the latest end", usual(&format!(";expires=18446744073709551{keyid}"))),
        one(
            "parameters that nothing is known of",
            usual(&format!(";tag=\"a;b\";x;created=-1;=;y=(1 2){keyid}")),
        ),
        one("an empty keyid, a key beside", beside(&ed(), usual(r#";keyid="""#))),
        one(
            "a type and a path beyond ASCII",
            covering(&[("\"content-type\"", "text/\u{e4}"), ("\"@path\"", "/\u{1F4DC}")], &keyid),
        ),
        true_one("a keyid of a registered identity", {
            let quorate = format!("did:quorate:{}", Secret::ed25519("other").public().id());
            beside(&ed(), usual(&format!(r#";keyid="{quorate}""#))).sign(&ed())
        }),
        true_one("members in another order", {
            let (request, mut members) = (good(), good().members(&good().sequence(&ed())));
            members.reverse();
            request.join(&members)
        }),
        true_one("its body is the artifact", good().sign(&ed()))
            .asking(Asked { artifact: Some(sha256(BODY.as_bytes())), ..Asked::default() }),
    ]);
    found.push(true_one("a label of all that a label may hold", {
        let mut request = good();
        request.input = request.input.replace("sig1=", "a-b_c.d*9=");
        let signature = request.sequence(&ed()).replace("sig1=", "a-b_c.d*9=");
        request.seal(&signature)
    }));
    found
}

fn shape() -> Vec<Vector> {
    let request = good();
    let members = request.members(&request.sequence(&ed()));
    let raw = |name: &str, text: &[u8], says: &str| refused(name, leaf(Format::Http, text, &[]), says);
    let swap = |name: &str, member: &str, value: &str, says: &str| {
        let members: Vec<_> = members
            .iter()
            .map(|(found, old)| (*found, if *found == member { value.to_owned() } else { old.clone() }))
            .collect();
        refused(name, request.join(&members), says)
    };
    let without = |member: &str| {
        let members: Vec<_> = members.iter().filter(|(found, _)| *found != member).cloned().collect();
        refused(format!("no {member}"), request.join(&members), &format!("no text {member:?}"))
    };
    let mut found: Vec<Vector> = ["format", "base", "input", "signature", "body"].map(without).into();
    found.extend([
        raw("no JSON", b"POST / HTTP/1.1", "is not JSON"),
        raw("a list", b"[]", "is not an object"),
        refused(
            "a member that is not covered",
            {
                let mut more = members.clone();
                more.push(("headers", "{}".to_owned()));
                request.join(&more)
            },
            "no signature covers",
        ),
        swap("another format", "format", "\"quorate/http-signature/v2\"", "is of format"),
        swap("a base that is a list", "base", "[]", "no text \"base\""),
        swap("an input without label", "input", "\"();created=1\"", "without a label"),
        swap("an input with an empty label", "input", "\"=()\"", "without a label"),
        swap("an input with a label in upper case", "input", "\"Sig1=()\"", "without a label"),
        swap("an input with a line's end in its label", "input", "\"sig1\\n=()\"", "without a label"),
        swap("an input of another label", "input", "\"sig2=()\"", "has input \"sig2\""),
        swap("a signature without label", "signature", "\"AAAA\"", "without a label"),
        swap("a signature that is no byte sequence", "signature", "\"sig1=AAAA\"", "no byte sequence"),
        swap("a signature that is half a byte sequence", "signature", "\"sig1=:\"", "no byte sequence"),
        swap("a signature without padding", "signature", "\"sig1=:AA:\"", "canonical padded base64"),
        swap(
            "a signature in the alphabet of URLs",
            "signature",
            "\"sig1=:-_8=:\"",
            "canonical padded base64",
        ),
        swap("a signature of 3 bytes", "signature", "\"sig1=:AAAA:\"", "64 bytes"),
        swap("a signature of nothing", "signature", "\"sig1=::\"", "64 bytes"),
        swap("a body without padding", "body", "\"c2V2ZW4\"", "canonical padded base64"),
        swap("a body that is null", "body", "null", "no text \"body\""),
    ]);
    found
}

fn inputs() -> Vec<Vector> {
    let one = |name: &str, request: Request, says: &str| refused(name, request.sign(&ed()), says);
    let with = |name: &str, from: &str, to: &str, says: &str| one(name, good().with(from, to), says);
    let params =
        |name: &str, params: &str, says: &str| one(name, Request { keys: vec![ed()], ..usual(params) }, says);
    let many: Vec<String> = (0..65).map(|at| format!("\"x-{at}\"")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|name| (name.as_str(), "v")).collect();
    let keyid = format!(r#";keyid="{}""#, did());
    vec![
        with("no list", "(\"@method\"", "\"@method\"", "begins with no list"),
        with("a list without end", "\"content-digest\")", "\"content-digest\"", "has a list without end"),
        with("a quote without end", "\"@method\" ", "\"@method ", "has a list without end"),
        with("an escape", "\"@method\" ", "\"@method\" \"a\\\\\" ", "holds an escape"),
        with("a name without quotes", "(\"@method\" ", "(\"@method\" x ", "none of quoted names"),
        with("two blanks", "(\"@method\" ", "(\"@method\"  ", "none of quoted names"),
        with("a blank before the list", "(\"@method\" ", "( \"@method\" ", "none of quoted names"),
        with("a component twice", "(\"@method\" ", "(\"@method\" \"@method\" ", "covers a component twice"),
        one("65 components", covering(&many, &keyid), "is too long"),
        with(
            "something behind the list",
            ";created=1783368000",
            " created=1783368000",
            "behind its parameters",
        ),
        params("a parameter twice", ";alg=\"ed25519\";alg=\"ed25519\"", "a parameter twice"),
        params("a parameter without name twice", ";;", "a parameter twice"),
        params("an algorithm without quotes", ";alg=ed25519", "\"alg\" is no text"),
        params("an algorithm with half its quotes", ";alg=\"", "\"alg\" is no text"),
        params("a keyid without value", ";keyid", "\"keyid\" is no text"),
        params("a keyid beyond ASCII", ";keyid=\"k\u{e4}\"", "\"keyid\" is no text"),
        params("a keyid of two texts", ";keyid=\"a\"\"b\"", "\"keyid\" is no text"),
        params("a keyid with a control character", ";keyid=\"a\u{7f}\"", "control character"),
        params("a keyid of 1,025 bytes", &format!(";keyid=\"{}\"", "k".repeat(1_025)), "1025 bytes"),
        params("an end below zero", ";expires=-1", "\"expires\" is no number"),
        params("an end with a fraction", ";expires=1.5", "\"expires\" is no number"),
        params("an end of nothing", ";expires=", "\"expires\" is no number"),
        params("an end in quotes", ";expires=\"1\"", "\"expires\" is no number"),
        params("an end in other digits", ";expires=\u{0661}", "\"expires\" is no number"),
        params("an end of 2^64", ";expires=18446744073709551616", "\"expires\" is no number"),
        params(
            "an end of 6,000 digits",
            &format!(";expires=1{}", "0".repeat(6_000)),
            "\"expires\" is no number",
        ),
        params("an end beyond 2^64 ms", ";expires=18446744073709552", "whole number of seconds"),
        params("another algorithm", ";alg=\"rsa-pss-sha512\"", "algorithm rsa-pss-sha512 is not taken"),
        params("an algorithm in another case", ";alg=\"Ed25519\"", "algorithm Ed25519 is not taken"),
        with(
            "an algorithm of another scheme than the keyid's",
            "\"ed25519\"",
            "\"ml-dsa-65\"",
            "the key is of ed25519",
        ),
        one("no key", usual(";created=1"), "the key of signature 1"),
        one("a keyid that names nobody", usual(";keyid=\"key-1\""), "the key of signature 1"),
        one(
            "a keyid by a DID of ours that is malformed",
            Request { keys: vec![ed()], ..usual(";keyid=\"did:key:zNobody\"") },
            "the statement's issuer",
        ),
        one(
            "a key beside the one that the keyid shows",
            Request { keys: vec![ed()], ..good() },
            "1 keys are given",
        ),
        one("a key too many", Request { keys: vec![ed(), pq()], ..usual("") }, "2 keys are given"),
    ]
}

fn bases() -> Vec<Vector> {
    let one = |name: &str, change: &dyn Fn(&mut String), says: &str| {
        let mut request = good();
        change(&mut request.base);
        refused(name, request.sign(&ed()), says)
    };
    let swap = |name: &str, from: &'static str, to: &'static str, says: &str| {
        one(name, &move |base| *base = base.replacen(from, to, 1), says)
    };
    vec![
        one("a line's end behind the base", &|base| base.push('\n'), "goes on behind"),
        one("a base of nothing", &|base| base.clear(), "in its place"),
        swap("a line more", "POST\n", "POST\n\"x\": y\n", "in its place"),
        swap(
            "a line that is not covered at the end",
            "\"@signature-params\"",
            "\"x\": y\n\"@signature-params\"",
            "parameters of the input",
        ),
        swap("a line less", "\"@method\": POST\n", "", "in its place"),
        swap("a value without blank", "\"@method\": POST", "\"@method\":POST", "in its place"),
        swap("lines that end in two characters", "POST\n", "POST\r\n\n", "in its place"),
        swap(
            "other parameters than the input's",
            "created=1783368000",
            "created=1",
            "parameters of the input",
        ),
        swap(
            "a base without parameters",
            "\n\"@signature-params\"",
            "\n\"@params\"",
            "parameters of the input",
        ),
        refused(
            "a subject with a control character",
            covering(&[("\"@path\"", "/a\u{1b}")], &format!(r#";keyid="{}""#, did())).sign(&ed()),
            "control character",
        ),
        refused(
            "a subject of 1,025 bytes",
            covering(&[("\"@path\"", &"p".repeat(1_025))], &format!(r#";keyid="{}""#, did())).sign(&ed()),
            "1025 bytes",
        ),
    ]
}

fn bodies() -> Vec<Vector> {
    let one = |name: &str, request: Request, says: &str| refused(name, request.sign(&ed()), says);
    let keyid = format!(r#";keyid="{}""#, did());
    let whole = digest(BODY);
    let hex = sha256(BODY.as_bytes()).to_string();
    vec![
        one(
            "another body",
            Request { body: "eight apples".into(), ..good() },
            "which is not its \"content-digest\"",
        ),
        one(
            "a body of nothing",
            Request { body: String::new(), ..good() },
            "which is not its \"content-digest\"",
        ),
        one(
            "a body that nothing covers",
            Request { body: BODY.into(), ..covering(&[("\"@path\"", "/")], &keyid) },
            "covers no \"content-digest\"",
        ),
        one(
            "a body that a digest of another message covers",
            Request { body: BODY.into(), ..covering(&[("\"content-digest\";req", &whole)], &keyid) },
            "covers no \"content-digest\"",
        ),
        one("a digest of another kind", digested("sha-512=:AA==:", BODY), "has no sha-256"),
        one("a digest in another case", digested(&whole.replace("sha", "SHA"), BODY), "has no sha-256"),
        one("a digest in hex", digested(&format!("sha-256=:{hex}:"), BODY), "which is not its"),
        one("a digest without end", digested(&whole[..whole.len() - 1], BODY), "has no sha-256"),
        one(
            "a digest without padding",
            digested(&whole.replace("=:", ":").replacen("sha-256:", "sha-256=:", 1), BODY),
            "canonical padded base64",
        ),
        one(
            "a digest that is wrong before one that is right",
            digested(&format!("sha-256=:AA==:, {whole}"), BODY),
            "which is not its",
        ),
        one(
            "a digest behind a mark that is no blank",
            digested(&format!("sha-512=:AA==:,\u{feff}{whole}"), BODY),
            "has no sha-256",
        ),
        one(
            "a digest behind a separator that is no blank",
            digested(&format!("sha-512=:AA==:,\u{1c}{whole}"), BODY),
            "has no sha-256",
        ),
    ]
}

fn signatures() -> Vec<Vector> {
    let request = good();
    let sealed = |signature: &Signature| request.seal(&sequence(signature));
    let pq_request = Request { keys: vec![pq()], ..usual(r#";keyid="key-1";alg="ml-dsa-65""#) };
    let mut turned = pq().sign(pq_request.base.as_bytes()).as_bytes().to_vec();
    turned[1_000] ^= 1;
    vec![
        unsigned("signed by another key", request.sign(&Secret::ed25519("other"))),
        unsigned(
            "the base signed with a line's end",
            sealed(&ed().sign(format!("{}\n", request.base).as_bytes())),
        ),
        unsigned("the body signed", sealed(&ed().sign(BODY.as_bytes()))),
        unsigned("R that is the neutral point, the equation being right", {
            sealed(&ed().sign_neutrally(request.base.as_bytes()))
        }),
        unsigned("another base, which agrees with its input", {
            request.clone().with("1783368000", "1783368001").seal(&request.sequence(&ed()))
        }),
        unsigned("a bit of an ML-DSA-65 signature turned", {
            pq_request.seal(&format!("sig1=:{}:", STANDARD.encode(turned)))
        }),
        unsigned("another key beside", {
            Request { keys: vec![Secret::ed25519("other")], ..usual("") }.sign(&ed())
        }),
    ]
}
