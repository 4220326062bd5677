use std::collections::BTreeSet;
use std::path::Path;

use super::*;

fn all() -> Vec<Route> {
    table(&Exposure::Loopback, &Surface::ALL.into())
}

fn verb(route: &Route) -> &'static str {
    match route.verb {
        Verb::Get => "GET",
        Verb::Post => "POST",
        Verb::Delete => "DELETE",
    }
}

fn who(access: Access) -> String {
    match access {
        Access::Open => "open".to_owned(),
        Access::Signed => "a signed envelope, or a credential".to_owned(),
        Access::Private => "open on loopback; elsewhere a credential for what is private".to_owned(),
        Access::Tenant => "a credential, and x-tenant-id".to_owned(),
        Access::Credential => "a credential".to_owned(),
        Access::Scope(scope) => format!("scope `{scope}`"),
    }
}

/// What changes something is not open to everybody: these alone are, and change nothing.
const OPEN_POSTS: [&str; 5] =
    ["ledger_verify", "ledger_verifyBatch", "qod_verify_sent", "qwed_verify", "proofnest_verify"];

#[test]
fn what_writes_is_guarded() {
    let open: Vec<_> = all()
        .iter()
        .filter(|route| route.verb != Verb::Get && route.access == Access::Open)
        .map(|route| route.name)
        .collect();
    assert_eq!(open, OPEN_POSTS);
    // Nothing of a surface asks for a signed envelope: its clients know none.
    let signed = all().iter().any(|route| route.surface.is_some() && route.access == Access::Signed);
    assert!(!signed);
}

#[test]
fn no_two_rows_are_one() {
    let rows = all();
    let places: BTreeSet<_> = rows.iter().map(|route| (verb(route), route.path)).collect();
    let names: BTreeSet<_> = rows.iter().map(|route| route.name).collect();
    assert_eq!((places.len(), names.len()), (rows.len(), rows.len()));
}

/// `ACCESS.md` says who may use each route. It is written anew by running this test with `UPDATE=1`.
#[test]
fn the_published_rules_are_the_rules() {
    let mut text = String::from(
        "# Access\n\n\
         Who may use each route. The guard of a route reads its row of this table; a route without a row does not exist.\n\
         This file is written by a test.\n\n\
         Open means everybody, for what is public. A record of a tenant that the operator calls private is there for that\n\
         tenant's callers and for operators; to others a route answers as for a name that nobody has given\n\
         (`api/SURFACES.md`).\n\n\
         | Verb | Path | Surface | Who |\n|---|---|---|---|\n",
    );
    let mut rows = all();
    rows.sort_by_key(|route| (route.surface, route.path, verb(route)));
    for route in rows {
        let surface = route.surface.map_or("", Surface::name);
        text += &format!("| {} | `{}` | {surface} | {} |\n", verb(&route), route.path, who(route.access));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("ACCESS.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &text).expect("writes");
    }
    let published = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(published == text, "ACCESS.md is not the table; run with UPDATE=1 and review the change");
}

/// Whatever comes in is judged: there is one way to the node, and it is not a route's own.
#[test]
fn submissions_enter_in_one_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut folders, mut found) = (vec![root.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("a file").path();
            if path.is_dir() {
                folders.push(path);
            } else if std::fs::read_to_string(&path).expect("text").contains(concat!("Submit", "Request {")) {
                found.push(path.strip_prefix(&root).expect("below").to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    assert_eq!(found, ["calls/submit.rs", "doors.rs"]);
}
