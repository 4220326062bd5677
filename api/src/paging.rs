//! Lists in pages: the newest first, each page from a place on that the caller brings back as a cursor.
//!
//! A place is a position in the list's own order that never changes: a leaf's index, a number in a chain. So a page is the
//! same when something new has come, after a restart, and at every node that has as much. A cursor is a place and the digest
//! of what the list is of: its name, the network, the tenant, the filters; shown to any other list it is refused. It holds
//! nothing secret and is not signed: who makes one up gets a page of what it may see anyway, because tenant and filters are
//! those of the question and never of the cursor.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crypto::{Digest, Hasher};
use model::error::ApiError;
use model::scalar::Uint;
use proto::id::{NetworkId, Tenant};

/// Most items on a page.
pub const LIMIT_MAX: u64 = 200;
/// Items on a page, where the question does not say how many.
pub const LIMIT: u64 = 50;
/// Longest place, in bytes.
const PLACE_BYTES_MAX: usize = 64;
/// What a cursor begins with.
const VERSION: u8 = 1;
/// Bytes of the digest of what a list is of.
const BOUND_BYTES: usize = 16;

/// How many items are asked for.
///
/// # Errors
/// `InvalidParams` unless it is 1 to [`LIMIT_MAX`].
pub fn limit(asked: Option<Uint>) -> Result<usize, ApiError> {
    match asked.map_or(LIMIT, |asked| asked.0) {
        found @ 1..=LIMIT_MAX => Ok(found as usize),
        found => Err(invalid(format!("limit {found}: 1 to {LIMIT_MAX} items are given at once"))),
    }
}

/// One list, as one question sees it: the only one that takes the cursors it gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct List {
    digest: Digest,
}

impl List {
    /// The list of this name in a network, of what a tenant has; without one, of what all have.
    pub fn new(name: &'static str, network: &NetworkId, tenant: Option<&Tenant>) -> Self {
        Self { digest: *network.digest() }.filtered(name, None).filtered("tenant", tenant.map(Tenant::as_str))
    }

    /// The same list of what passes a filter; without a value, of everything. The order of filters counts.
    #[must_use]
    pub fn filtered(self, name: &'static str, value: Option<&str>) -> Self {
        let mut hasher = Hasher::new();
        hasher.update(self.digest.as_bytes());
        let mut part = |text: &str| {
            hasher.update(&(text.len() as u64).to_be_bytes()).update(text.as_bytes());
        };
        part(name);
        match value {
            Some(value) => part(value),
            None => part(""),
        }
        hasher.update(&[u8::from(value.is_some())]);
        Self { digest: hasher.finish() }
    }

    /// The cursor of a place in this list; a place has at most 64 bytes.
    pub fn cursor(&self, place: &[u8]) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(self.bound());
        bytes.extend_from_slice(place);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The cursor of a numbered place.
    pub fn cursor_at(&self, place: u64) -> String {
        self.cursor(&place.to_be_bytes())
    }

    /// The place that a cursor of this list names.
    ///
    /// # Errors
    /// `InvalidParams` when it is no cursor, or one of another list, tenant or filter.
    pub fn place(&self, cursor: &str) -> Result<Vec<u8>, ApiError> {
        let none = || invalid("the cursor is none that was given here".to_owned());
        if cursor.len() > (1 + BOUND_BYTES + PLACE_BYTES_MAX).div_ceil(3) * 4 {
            return Err(none());
        }
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| none())?;
        let rest = bytes.strip_prefix(&[VERSION]).ok_or_else(none)?;
        let (bound, place) = rest.split_at_checked(BOUND_BYTES).ok_or_else(none)?;
        match bound == self.bound() {
            true => Ok(place.to_vec()),
            false => Err(invalid("the cursor is of another list, tenant or filter".to_owned())),
        }
    }

    /// The numbered place that a cursor of this list names, if there is a cursor.
    ///
    /// # Errors
    /// As [`List::place`].
    pub fn place_at(&self, cursor: Option<&str>) -> Result<Option<u64>, ApiError> {
        let Some(cursor) = cursor else { return Ok(None) };
        let place = self.place(cursor)?;
        match <[u8; 8]>::try_from(place.as_slice()) {
            Ok(place) => Ok(Some(u64::from_be_bytes(place))),
            Err(_) => Err(invalid("the cursor names no place of this list".to_owned())),
        }
    }

    fn bound(&self) -> &[u8] {
        self.digest.as_bytes().get(..BOUND_BYTES).unwrap_or_default()
    }
}

fn invalid(fault: String) -> ApiError {
    ApiError::InvalidParams { fault }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NETWORK: NetworkId = NetworkId::new(Digest::ZERO);

    fn tenant(name: &str) -> Tenant {
        Tenant::parse(name).expect("a name")
    }

    fn list(name: &'static str, of: Option<&str>) -> List {
        List::new(name, &NETWORK, of.map(tenant).as_ref())
    }

    #[test]
    fn a_cursor_names_a_place_in_its_own_list() {
        let audit = || list("audit", Some("acme")).filtered("action", Some("key.add"));
        for place in [0, 1, 7_000, u64::MAX] {
            let cursor = audit().cursor_at(place);
            assert_eq!(audit().place_at(Some(&cursor)), Ok(Some(place)));
            assert!(
                cursor.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')),
                "{cursor}"
            );
        }
        assert_eq!(audit().place_at(None), Ok(None));
        assert_eq!(audit().place(&audit().cursor(&[7; PLACE_BYTES_MAX])), Ok(vec![7; PLACE_BYTES_MAX]));
    }

    #[test]
    fn a_cursor_of_anything_else_is_refused() {
        let audit = list("audit", Some("acme")).filtered("action", Some("key.add")).filtered("actor", None);
        let elsewhere = NetworkId::new(crypto::sha256(b"another"));
        for other in [
            list("evidence", Some("acme")).filtered("action", Some("key.add")).filtered("actor", None),
            list("audit", Some("globex")).filtered("action", Some("key.add")).filtered("actor", None),
            list("audit", None).filtered("action", Some("key.add")).filtered("actor", None),
            list("audit", Some("acme")).filtered("action", Some("key.adda")).filtered("actor", None),
            list("audit", Some("acme")).filtered("action", None).filtered("actor", Some("key.add")),
            list("audit", Some("acme")).filtered("action", Some("key.add")).filtered("actor", Some("")),
            list("audit", Some("acme")).filtered("action", Some("key.add")),
            List::new("audit", &elsewhere, Some(&tenant("acme")))
                .filtered("action", Some("key.add"))
                .filtered("actor", None),
        ] {
            assert_ne!(other, audit);
            assert!(matches!(audit.place(&other.cursor_at(3)), Err(ApiError::InvalidParams { .. })));
        }
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        let audit = list("audit", None);
        let good = audit.cursor_at(9);
        let long = audit.cursor(&[0; PLACE_BYTES_MAX + 3]);
        for bad in ["", "A", "x y", &good[..20], &format!("{good}="), &format!("B{}", &good[1..]), &long] {
            assert!(audit.place(bad).is_err(), "{bad}");
        }
        assert!(audit.place_at(Some(&audit.cursor(b"seven b"))).is_err());
    }

    #[test]
    fn a_page_has_bounds() {
        assert_eq!(limit(None), Ok(LIMIT as usize));
        for found in [1, 200] {
            assert_eq!(limit(Some(Uint(found))), Ok(found as usize));
        }
        for found in [0, 201, u64::MAX] {
            assert!(limit(Some(Uint(found))).is_err(), "{found}");
        }
    }
}
