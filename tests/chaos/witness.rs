//! Writes down, while the storm lasts, what the nodes must never take back: every signed head they serve, and every vote
//! in their journals.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use model::scalar::Position;
use tokio::task::JoinHandle;

use crate::journal::{Reader, Vote};
use crate::judge::Sight;
use crate::net::Net;

/// How often each node is asked for its newest checkpoint.
const ASK: Duration = Duration::from_millis(100);
/// How long it may take to answer.
const WAIT: Duration = Duration::from_secs(2);
/// How often the journals are read: more often than they are rewritten, which is every 8 MiB.
const READ: Duration = Duration::from_millis(200);

/// What was seen.
#[derive(Debug, Default)]
pub struct Seen {
    /// Signed heads: a node, a size and a root, once each.
    pub heads: Vec<Sight>,
    /// The signed note of each size, as it was seen first.
    pub notes: BTreeMap<u64, String>,
    /// By node.
    pub votes: Vec<(usize, Vote)>,
}

/// A witness at work.
pub struct Witness {
    seen: Arc<Mutex<Seen>>,
    readers: Arc<Mutex<Vec<Reader>>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Witness {
    /// Begins to look.
    pub fn start(net: &Arc<Net>) -> Self {
        let seen = Arc::<Mutex<Seen>>::default();
        let journals = (0..net.len()).map(|node| Reader::new(net.data_dir(node).join("journal")));
        let readers = Arc::new(Mutex::new(journals.collect()));
        let mut tasks: Vec<_> = (0..net.len())
            .map(|node| tokio::spawn(heads(Arc::clone(net), node, Arc::clone(&seen))))
            .collect();
        let (all, into) = (Arc::clone(&readers), Arc::clone(&seen));
        tasks.push(tokio::spawn(async move {
            loop {
                read(&all, &into);
                tokio::time::sleep(READ).await;
            }
        }));
        Self { seen, readers, tasks }
    }

    /// Looks a last time, and gives what was seen.
    pub fn finish(self) -> Seen {
        self.tasks.iter().for_each(JoinHandle::abort);
        read(&self.readers, &self.seen);
        std::mem::take(&mut self.seen.lock().expect("nobody panics with it"))
    }
}

fn read(readers: &Mutex<Vec<Reader>>, seen: &Mutex<Seen>) {
    let mut readers = readers.lock().expect("nobody panics with it");
    let mut votes = Vec::new();
    for (node, reader) in readers.iter_mut().enumerate() {
        reader.read(|vote| votes.push((node, vote)));
    }
    seen.lock().expect("nobody panics with it").votes.append(&mut votes);
}

async fn heads(net: Arc<Net>, node: usize, seen: Arc<Mutex<Seen>>) {
    let client = net.client(node);
    let mut last = None;
    loop {
        if let Ok(Ok(answer)) = tokio::time::timeout(WAIT, client.checkpoint(Position::Latest)).await {
            let sight = Sight { node, size: answer.size.0, root: answer.root.0 };
            if last != Some(sight) {
                last = Some(sight);
                let mut seen = seen.lock().expect("nobody panics with it");
                seen.heads.push(sight);
                seen.notes.entry(sight.size).or_insert(answer.note);
            }
        }
        tokio::time::sleep(ASK).await;
    }
}
