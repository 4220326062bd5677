//! Clients that submit to anybody and write every promise down.
//!
//! A client does not go on to the next submission before this one is final. In doubt it sends the same bytes again, to
//! whichever node; now and then it does so without doubt.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use model::entry::{State, Ticket, Wait};
use model::scalar::Uint;
use proto::id::SubmissionId;
use tokio::task::JoinHandle;

use crate::author::{author, proof, signed};
use crate::judge::Promise;
use crate::net::{Net, PATIENCE};

/// How many submit at a time.
const CLIENTS: u64 = 6;
/// How long a node may take to answer before another is asked.
const WAIT: Duration = Duration::from_secs(3);
/// Between two submissions of a client.
const PACE: Duration = Duration::from_millis(15);
/// Every so many, the same bytes are sent again after they are final.
const AGAIN: u64 = 8;

/// What the clients were told.
#[derive(Clone, Debug, Default)]
pub struct Told {
    pub promises: Vec<Promise>,
    /// What was refused for good, or is not final long after the storm.
    pub denied: Vec<(SubmissionId, String)>,
    /// How often the same bytes were sent again in doubt.
    pub doubts: u64,
    /// The longest time from the first sending to the promise.
    pub slowest: Duration,
}

/// Clients at work.
pub struct Load {
    told: Arc<Mutex<Told>>,
    over: Arc<AtomicBool>,
    clients: Vec<JoinHandle<()>>,
}

impl Load {
    /// Begins to submit.
    pub fn start(net: &Arc<Net>) -> Self {
        let (told, over) = (Arc::<Mutex<Told>>::default(), Arc::<AtomicBool>::default());
        let client =
            |number| tokio::spawn(client(Arc::clone(net), number, Arc::clone(&told), Arc::clone(&over)));
        let clients = (0..CLIENTS).map(client).collect();
        Self { told, over, clients }
    }

    /// Lets every client finish what it has begun, and gives what they were told.
    pub async fn finish(self) -> Told {
        self.over.store(true, Ordering::Relaxed);
        for client in self.clients {
            client.await.expect("a client ends");
        }
        std::mem::take(&mut self.told.lock().expect("nobody panics with it"))
    }

    /// How many promises there are by now.
    pub fn promises(&self) -> usize {
        self.told.lock().expect("nobody panics with it").promises.len()
    }
}

async fn client(net: Arc<Net>, client: u64, told: Arc<Mutex<Told>>, over: Arc<AtomicBool>) {
    for number in 0.. {
        if over.load(Ordering::Relaxed) {
            return;
        }
        let nonce = client << 32 | number;
        let submission = signed(&net.topology.network, &author(), nonce, proof(nonce));
        let (id, begin) = (submission.id(), Instant::now());
        let mut tries = 0;
        let fate = loop {
            // Each client begins with another node, and goes on to the next in doubt.
            let node = ((client + number + tries) % net.len() as u64) as usize;
            match ask(&net, node, submission.bytes()).await {
                Ok(Some(index)) => break Ok(Promise { id, index, node }),
                Err(fault) => break Err(fault),
                Ok(None) if over.load(Ordering::Relaxed) && begin.elapsed() > PATIENCE => {
                    break Err(format!("not final after {:?} and {tries} tries", begin.elapsed()));
                }
                Ok(None) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
            tries += 1;
        };
        {
            let mut told = told.lock().expect("nobody panics with it");
            told.doubts += tries;
            told.slowest = told.slowest.max(begin.elapsed());
            match fate {
                Ok(promise) => told.promises.push(promise),
                Err(fault) => told.denied.push((id, fault)),
            }
        }
        if number % AGAIN == 0 {
            let node = ((client + number + tries + 1) % net.len() as u64) as usize;
            if let Ok(Some(index)) = ask(&net, node, submission.bytes()).await {
                told.lock().expect("nobody panics with it").promises.push(Promise { id, index, node });
            }
        }
        tokio::time::sleep(PACE).await;
    }
}

/// Submits to a node: the place of the entry once it is final, nothing when that is not known, or why it never will be.
pub async fn ask(net: &Net, node: usize, envelope: &[u8]) -> Result<Option<u64>, String> {
    let client = net.client(node);
    let answer = tokio::time::timeout(WAIT * 2, client.submit(envelope, Wait::Finalized, WAIT)).await;
    match answer {
        Ok(Ok(Ticket { state: State::Finalized, index: Some(Uint(index)), .. })) => Ok(Some(index)),
        Ok(Ok(ticket @ Ticket { state: State::Finalized | State::Rejected | State::Expired, .. })) => {
            Err(format!("{} says {ticket:?}", net.node(node).name))
        }
        Ok(Err(fault)) if fault.is_permanent() => Err(format!("{} says {fault}", net.node(node).name)),
        Ok(Ok(Ticket { state: State::Accepted | State::Committed, .. }) | Err(_)) | Err(_) => Ok(None),
    }
}
