//! HTTP message signatures, for those who sign the requests they send.
//!
//! A request does not survive proxies byte for byte, what is signed does: so the statement is a JSON object of the
//! signature base, the members of `Signature-Input` and `Signature`, and the body. The base has to say what the input
//! says, and to cover the body by its `content-digest`. Sources: RFC 9421 §2.5 and §3.2, RFC 9530, C2SP httpsig-pq v1.

use crypto::{PublicKey, Signature, sha256};

use super::claims::expiry;
use super::error::StatementError;
use super::json::{self, Value};
use super::jws::only;
use super::keys::{Beside, Hint, did_of_kid, http_scheme, scheme_by_length, shown_by};
use super::text::{base64, shorten};
use super::{Format, Found, Reading, Signed};

const WHAT: &str = "the signed request";
/// What the member `format` says.
pub const FORMAT: &str = "quorate/http-signature/v1";
/// Most components a signature may cover.
const COMPONENTS_MAX: usize = 64;

/// Reads a signed request.
pub(super) fn read(bytes: &[u8], beside: &[PublicKey]) -> Result<Reading, StatementError> {
    let object = json::object(bytes).map_err(|fault| StatementError::unreadable(WHAT, fault))?;
    only(&object, &["format", "base", "input", "signature", "body"], WHAT)?;
    let member = |name: &str| {
        let text = object.get(name).and_then(Value::text);
        text.ok_or_else(|| StatementError::form(WHAT, format!("has no text {name:?}")))
    };
    if member("format")? != FORMAT {
        let fault = format!("is of format {:?}, this reads {FORMAT:?}", shorten(member("format")?));
        return Err(StatementError::form(WHAT, fault));
    }
    let (label, params) = labelled(member("input")?, "input")?;
    let (again, signature) = labelled(member("signature")?, "signature")?;
    if label != again {
        let fault = format!("has input {:?} and signature {:?}", shorten(label), shorten(again));
        return Err(StatementError::form(WHAT, fault));
    }
    let signature = signature.strip_prefix(':').and_then(|rest| rest.strip_suffix(':'));
    let signature = signature.ok_or_else(|| StatementError::form("the signature", "is no byte sequence"))?;
    let signature = base64(signature, "the signature")?;
    let body = base64(member("body")?, "the body")?;
    let base = member("base")?;
    let input = Input::read(params)?;
    let lines = Lines::read(base, params, &input)?;
    lines.expect_body(&body)?;
    let scheme = match &input.alg {
        Some(alg) => http_scheme(alg)?,
        None => scheme_by_length(&signature)?,
    };
    let speaker = input.keyid.as_deref().and_then(did_of_kid).map(str::to_owned);
    let hint = Hint {
        position: 1,
        alg: input.alg.clone().unwrap_or_default(),
        scheme,
        inside: speaker.as_deref().and_then(shown_by),
        issuer: None,
        hint: "use a did:key as keyid, or give it beside the statement",
    };
    let mut beside = Beside::new(beside)?;
    let key = hint.key(&mut beside)?;
    beside.end()?;
    let signature = Signature::parse(scheme, &signature)?;
    let found = Found {
        signed: vec![Signed { key, message: base.as_bytes().to_vec(), signature }],
        speaker,
        issuer: input.keyid.clone().unwrap_or_default(),
        subject: lines.value("\"@target-uri\"").or(lines.value("\"@path\"")).unwrap_or_default().to_owned(),
        media_type: lines.value("\"content-type\"").unwrap_or_default().to_owned(),
        expires_at: input.expires.map(|seconds| expiry(Some(seconds))).transpose()?,
        artifact: None,
    };
    found.finish(Format::Http, &body)
}

/// A dictionary's one member: its key, and its value as text.
fn labelled<'a>(text: &'a str, name: &'static str) -> Result<(&'a str, &'a str), StatementError> {
    let is_key = |key: &str| {
        !key.is_empty()
            && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-.*".contains(&b))
    };
    match text.split_once('=') {
        Some((key, value)) if is_key(key) => Ok((key, value)),
        Some(_) | None => Err(StatementError::form(WHAT, format!("has a member {name:?} without a label"))),
    }
}

/// What is covered, and the parameters of the signature.
struct Input<'a> {
    /// Each with its quotes and parameters, as it stands in the base.
    components: Vec<&'a str>,
    keyid: Option<String>,
    alg: Option<String>,
    expires: Option<u64>,
}

impl<'a> Input<'a> {
    fn read(params: &'a str) -> Result<Self, StatementError> {
        let what = "the signature's input";
        let fault = |fault: &str| StatementError::form(what, fault);
        let list = params.strip_prefix('(').ok_or_else(|| fault("begins with no list"))?;
        // A quote inside a component's name would be escaped, and names have none.
        if list.contains('\\') {
            return Err(fault("holds an escape"));
        }
        let (inner, rest) = split_outside(list, b')').ok_or_else(|| fault("has a list without end"))?;
        let mut components = Vec::new();
        let mut left = inner;
        while !left.is_empty() {
            let (component, after) = split_outside(left, b' ').unwrap_or((left, ""));
            if !component.starts_with('"') || components.len() == COMPONENTS_MAX {
                return Err(fault("has a list that is none of quoted names, or is too long"));
            }
            if components.contains(&component) {
                return Err(fault("covers a component twice"));
            }
            components.push(component);
            left = after;
        }
        let mut input = Self { components, keyid: None, alg: None, expires: None };
        let mut seen = Vec::new();
        let mut left = rest;
        while let Some(param) = left.strip_prefix(';') {
            let (param, after) = match split_outside(param, b';') {
                Some((param, after)) => (param, &left[left.len() - after.len() - 1..]),
                None => (param, ""),
            };
            let (name, value) = param.split_once('=').unwrap_or((param, ""));
            if seen.contains(&name) {
                return Err(fault("has a parameter twice"));
            }
            seen.push(name);
            input.take(name, value)?;
            left = after;
        }
        match left.is_empty() {
            true => Ok(input),
            false => Err(fault("goes on behind its parameters")),
        }
    }

    fn take(&mut self, name: &str, value: &str) -> Result<(), StatementError> {
        let text = || {
            let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            let inner = inner.filter(|inner| !inner.contains('"') && inner.is_ascii());
            let fault = || StatementError::form("the signature's parameter", format!("{name:?} is no text"));
            inner.map(str::to_owned).ok_or_else(fault)
        };
        match name {
            "keyid" => self.keyid = Some(text()?),
            "alg" => self.alg = Some(text()?),
            "expires" => {
                let digits = value.bytes().all(|byte| byte.is_ascii_digit());
                let seconds = value.parse().ok().filter(|_| digits);
                let fault = || StatementError::form("the signature's parameter", "\"expires\" is no number");
                self.expires = Some(seconds.ok_or_else(fault)?);
            }
            // Covered as all of the input is, and without meaning here.
            _ => {}
        }
        Ok(())
    }
}

/// Splits at the first such byte that stands in no quoted text.
fn split_outside(text: &str, at: u8) -> Option<(&str, &str)> {
    let mut quoted = false;
    let place = text.bytes().position(|byte| {
        quoted ^= byte == b'"';
        byte == at && !quoted
    })?;
    Some((&text[..place], &text[place + 1..]))
}

/// The lines of a signature base: each component and its value.
struct Lines<'a> {
    values: Vec<(&'a str, &'a str)>,
}

impl<'a> Lines<'a> {
    /// Reads the base, which has a line for each component, in their order, and the input at the end.
    fn read(base: &'a str, params: &str, input: &Input<'_>) -> Result<Self, StatementError> {
        let fault = |fault: String| StatementError::form("the signature base", fault);
        let mut lines = base.split('\n');
        let mut values = Vec::new();
        for component in &input.components {
            let line = lines.next().unwrap_or_default();
            let value = line.strip_prefix(component).and_then(|rest| rest.strip_prefix(": "));
            match value {
                Some(value) => values.push((&line[..component.len()], value)),
                None => return Err(fault(format!("has no line for {} in its place", shorten(component)))),
            }
        }
        let last = lines.next().and_then(|line| line.strip_prefix("\"@signature-params\": "));
        if last != Some(params) {
            return Err(fault("does not end with the parameters of the input".to_owned()));
        }
        match lines.next() {
            None => Ok(Self { values }),
            Some(_) => Err(fault("goes on behind the signature's parameters".to_owned())),
        }
    }

    fn value(&self, component: &str) -> Option<&'a str> {
        self.values.iter().find(|(name, _)| *name == component).map(|(_, value)| *value)
    }

    /// That the signature covers these bytes: by their SHA-256 in `content-digest`, which may name others beside it.
    fn expect_body(&self, body: &[u8]) -> Result<(), StatementError> {
        let fault = |fault: String| StatementError::form("the body", fault);
        let Some(digests) = self.value("\"content-digest\"") else {
            return match body.is_empty() {
                true => Ok(()),
                false => Err(fault("is not covered: the signature covers no \"content-digest\"".to_owned())),
            };
        };
        let stated = digests.split(',').map(str::trim).find_map(|one| one.strip_prefix("sha-256=:"));
        let stated = stated.and_then(|rest| rest.strip_suffix(':'));
        let stated = stated.ok_or_else(|| fault("has no sha-256 in \"content-digest\"".to_owned()))?;
        let found = sha256(body);
        match base64(stated, "the content-digest")? == found.as_bytes() {
            true => Ok(()),
            false => Err(fault(format!("has SHA-256 {found}, which is not its \"content-digest\""))),
        }
    }
}
