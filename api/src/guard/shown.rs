//! What a request shows of its sender: one credential, in one of the places where clients put them.
//!
//! `Authorization: Bearer`, `X-API-Key`, or where nothing else can be sent `?api_key=` or, of a WebSocket, the subprotocol
//! `quorate.token.…`. Two that differ are refused:
//! which of them counted would depend on whom one asks. A tenant is named beside, by `X-Tenant-ID`. Nothing here is
//! ever printed: the types have no text that shows a secret.

use std::fmt;

use axum::http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use axum::http::{HeaderMap, HeaderName, Uri};
use model::error::AccessError;

/// The header of a key.
pub(crate) const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// The header that repeats the credential's tenant.
pub(crate) const TENANT: HeaderName = HeaderName::from_static("x-tenant-id");
/// Names of credentials behind the question mark: of requests, and of streams.
const IN_QUERY: [&str; 2] = ["api_key", "token"];
/// What a credential stands behind among the subprotocols that a WebSocket offers: a browser can send it nowhere else. It is
/// no protocol, so none of that name is ever chosen, and nothing of it comes back.
const IN_PROTOCOL: &str = "quorate.token.";
/// What the names of secrets have in them.
const LIKE_SECRETS: [&str; 7] =
    ["key", "token", "secret", "password", "passphrase", "authorization", "credential"];
/// Longest credential, in bytes.
pub(crate) const SECRET_BYTES_MAX: usize = 8 << 10;

/// A credential as it was shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// What a request shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Its credential.
    pub secret: Option<Secret>,
    /// The tenant it names.
    pub tenant: Option<String>,
}

impl Shown {
    /// Reads head and target of a request.
    ///
    /// # Errors
    /// `Malformed` for two credentials, for one that is too long or no text, and for another scheme than Bearer.
    pub(crate) fn of(uri: &Uri, headers: &HeaderMap) -> Result<Self, AccessError> {
        let malformed = |fault| AccessError::Malformed { fault };
        let mut found: Option<String> = None;
        let mut show = |secret: String| match &found {
            _ if secret.is_empty() => Err(malformed("the credential is empty")),
            _ if secret.len() > SECRET_BYTES_MAX => Err(malformed("the credential is longer than 8 KiB")),
            Some(other) if *other != secret => Err(malformed("the request shows two credentials")),
            Some(_) | None => {
                found = Some(secret);
                Ok(())
            }
        };
        for value in headers.get_all(AUTHORIZATION) {
            let text = value.to_str().map_err(|_| malformed("the header authorization is no text"))?;
            match text.trim().split_once(' ') {
                Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
                    show(token.trim().to_owned())?
                }
                Some(_) | None => return Err(malformed("the header authorization is not Bearer <token>")),
            }
        }
        for value in headers.get_all(API_KEY) {
            let text = value.to_str().map_err(|_| malformed("the header x-api-key is no text"))?;
            show(text.trim().to_owned())?;
        }
        for value in headers.get_all(SEC_WEBSOCKET_PROTOCOL) {
            let text =
                value.to_str().map_err(|_| malformed("the header sec-websocket-protocol is no text"))?;
            for secret in text.split(',').filter_map(|name| name.trim().strip_prefix(IN_PROTOCOL)) {
                show(secret.to_owned())?;
            }
        }
        for (name, value) in pairs(uri.query().unwrap_or_default()) {
            if IN_QUERY.contains(&name) {
                let text = decoded(value).ok_or(malformed("the credential in the query is no text"))?;
                show(text)?;
            }
        }
        let tenants: Vec<_> = headers.get_all(TENANT).iter().collect();
        let tenant = match tenants.as_slice() {
            [] => None,
            [one] => Some(String::from_utf8_lossy(one.as_bytes()).trim().to_owned()),
            _ => return Err(malformed("the header x-tenant-id stands there twice")),
        };
        Ok(Self { secret: found.map(Secret), tenant })
    }
}

/// A query with what is secret in it left out: for logs. Whatever is called like a secret is one, however its name is
/// written and whether or not it is a credential here: somebody thought so who sent it.
pub(crate) fn redacted(query: &str) -> String {
    let secret = |name: &str| {
        let name = decoded(name).map_or_else(|| "token".to_owned(), |name| name.to_ascii_lowercase());
        LIKE_SECRETS.iter().any(|like| name.contains(like))
    };
    let shown = pairs(query).map(|(name, value)| match secret(name) {
        true => format!("{name}=***"),
        false if value.is_empty() => name.to_owned(),
        false => format!("{name}={value}"),
    });
    shown.collect::<Vec<_>>().join("&")
}

fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts.map(|part| part.split_once('=').unwrap_or((part, "")))
}

/// Undoes percent-encoding; a plus sign stands for itself, as no credential has spaces.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        match (first, after) {
            (b'%', [high, low, after @ ..]) => {
                let digit = |b: &u8| char::from(*b).to_digit(16).and_then(|n| u8::try_from(n).ok());
                bytes.push(digit(high)? << 4 | digit(low)?);
                rest = after;
            }
            (b'%', _) => return None,
            (other, after) => {
                bytes.push(*other);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(target: &str, headers: &[(HeaderName, &str)]) -> Result<Option<String>, AccessError> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name.clone(), value.parse().expect("a header"));
        }
        let shown = Shown::of(&target.parse().expect("a target"), &map)?;
        Ok(shown.secret.map(|secret| secret.0))
    }

    #[test]
    fn a_credential_is_read_from_each_of_its_places() {
        let found = |target, headers: &[_]| shown(target, headers).expect("well-formed");
        assert_eq!(found("/x", &[]), None);
        assert_eq!(found("/x?other=1", &[]), None);
        for headers in
            [[(AUTHORIZATION, "bearer abc")], [(AUTHORIZATION, "Bearer  abc ")], [(API_KEY, "abc")]]
        {
            assert_eq!(found("/x", &headers).as_deref(), Some("abc"), "{headers:?}");
        }
        assert_eq!(found("/x?a=b&api_key=a%62c", &[]).as_deref(), Some("abc"));
        for offered in ["quorate.token.abc", "graphql-ws, quorate.token.abc", "quorate.token.abc , x"] {
            let headers = [(SEC_WEBSOCKET_PROTOCOL, offered)];
            assert_eq!(found("/x", &headers).as_deref(), Some("abc"), "{offered}");
        }
        assert_eq!(found("/x", &[(SEC_WEBSOCKET_PROTOCOL, "graphql-ws, abc")]), None);
        assert_eq!(found("/x?token=abc", &[(API_KEY, "abc")]).as_deref(), Some("abc"));
    }

    #[test]
    fn what_could_be_read_two_ways_is_refused() {
        let long = "x".repeat(SECRET_BYTES_MAX + 1);
        for (target, headers) in [
            ("/x", vec![(AUTHORIZATION, "Basic abc")]),
            ("/x", vec![(AUTHORIZATION, "abc")]),
            ("/x", vec![(AUTHORIZATION, "Bearer abc"), (API_KEY, "other")]),
            ("/x", vec![(API_KEY, "abc"), (API_KEY, "other")]),
            ("/x?api_key=abc&api_key=other", vec![]),
            ("/x?api_key=%zz", vec![]),
            ("/x?api_key=%ff", vec![]),
            ("/x?api_key=%f", vec![]),
            ("/x?api_key=", vec![]),
            ("/x", vec![(SEC_WEBSOCKET_PROTOCOL, "quorate.token.")]),
            ("/x", vec![(SEC_WEBSOCKET_PROTOCOL, "quorate.token.a, quorate.token.b")]),
            ("/x?token=abc", vec![(SEC_WEBSOCKET_PROTOCOL, "quorate.token.other")]),
            ("/x", vec![(API_KEY, long.as_str())]),
            ("/x", vec![(TENANT, "a"), (TENANT, "a")]),
        ] {
            let refused = shown(target, &headers);
            assert!(matches!(refused, Err(AccessError::Malformed { .. })), "{target}: {refused:?}");
        }
    }

    #[test]
    fn nothing_secret_is_printed() {
        let shown = Shown { secret: Some(Secret("abc".to_owned())), tenant: None };
        assert!(!format!("{shown:?}").contains("abc"));
        assert_eq!(redacted("a=b&token=abc&x&api_key=abc&b=%20"), "a=b&token=***&x&api_key=***&b=%20");
        for name in
            ["api%5Fkey", "API_KEY", "%74oken", "access_token", "client_secret", "to%zzken", "Authorization"]
        {
            assert!(!redacted(&format!("a=b&{name}=abc")).contains("abc"), "{name}");
        }
    }
}
