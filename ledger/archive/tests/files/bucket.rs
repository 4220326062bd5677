//! A bucket of a cloud, or of a local server that speaks its protocol.

use std::num::NonZero;
use std::sync::Arc;

use archive::audit::Store;
use archive::place::IfMissing;
use archive::{Audit, Place, Publisher, Walk, fsck};
use store::memory::Memory;
use store::port::Store as _;

use crate::world::World;

/// Which bucket, such as `s3://bucket/log`; credentials and endpoint come from the environment too.
const BUCKET: &str = "ARCHIVE_BUCKET";

#[tokio::test]
#[ignore = "needs a bucket, named in ARCHIVE_BUCKET"]
async fn a_bucket_is_a_place_like_any_other() {
    let url = std::env::var(BUCKET).expect("ARCHIVE_BUCKET names a bucket");
    let open = || Place::open(&url, IfMissing::Create).expect("a bucket");
    let mut world = World::lived();
    let mut sizes = vec![world.size()];
    let done = Publisher::new(open()).publish(&world.source(), &mut |_, _| {}).await.expect("written");
    assert_eq!(done.before, 0, "{url} is not empty");
    world.proofs(300);
    world.certify();
    sizes.push(world.size());
    let done = Publisher::new(open()).publish(&world.source(), &mut |_, _| {}).await.expect("written");
    assert_eq!(vec![done.before, done.size], sizes);
    let checked = fsck(Walk::begin(open()).await.expect("a head"), &mut |_, _| {}).await.expect("readable");
    assert_eq!((checked.faults.first, checked.unknown, checked.beyond), (vec![], 0, 0));
    let memory = Arc::new(Memory::new());
    let to = Arc::clone(&memory);
    let commit = move |change: &_| to.commit(change).map_err(|fault| fault.to_string());
    let kept = Store { read: memory, commit: Box::new(commit) };
    let walk = Walk::begin(open()).await.expect("a head");
    let audit = Audit::begin(walk, kept, Some(world.genesis.network()), NonZero::<usize>::MIN).await;
    assert!(audit.expect("files").run(&mut |_, _| {}).await.expect("readable").is_true());
}
