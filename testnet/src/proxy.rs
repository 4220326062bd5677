//! Between the nodes: a door for every ordered pair, behind which what is said travels as it is told to.
//!
//! Node `a` dials node `b` at the door (a, b). Everything `a` says to `b` then goes by the way from `a` to `b`, whoever
//! of the two dialled, so a way can be bad in one direction only. Ways are changed while bytes are under way. What a
//! connection can hold is bounded (`pump`); beyond that its sender is not read, as with a full window of TCP.
//!
//! The bytes are encrypted and their order within a connection is TCP's promise, so nothing is altered, doubled or
//! overtaken inside one; jitter reorders what different pairs say.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::{AbortHandle, JoinSet};

mod pump;
mod way;

pub use way::{Flow, Way};

/// Connections one door keeps at a time; a pair needs one or two.
const CONNECTIONS_MAX: usize = 32;
/// How long the way to a node is tried before its dialler is turned away.
const CONNECT: Duration = Duration::from_secs(10);

/// The doors of one network. All connections end when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    /// By sender and receiver; none where both are the same.
    doors: Vec<Vec<Option<Door>>>,
    ways: Ways,
}

/// What two nodes have between them.
type Ways = Arc<Vec<Vec<watch::Sender<State>>>>;

/// A way, and how often all that used it was cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct State {
    way: Way,
    cuts: u64,
}

#[derive(Debug)]
struct Door {
    address: SocketAddr,
    serving: AbortHandle,
}

impl Proxy {
    /// Opens a door on `host`, at any free port, for every ordered pair of the nodes that listen at `targets`. Needs a
    /// tokio runtime around it. Chance is drawn from `seed`.
    ///
    /// # Errors
    /// When an address cannot be listened on.
    pub async fn start(host: IpAddr, targets: &[SocketAddr], seed: u64) -> io::Result<Self> {
        let row = || targets.iter().map(|_| watch::Sender::new(State::default())).collect();
        let ways: Ways = Arc::new(targets.iter().map(|_| row()).collect());
        let mut proxy = Self { doors: Vec::new(), ways };
        for from in 0..targets.len() {
            let mut row = Vec::new();
            for (to, target) in targets.iter().enumerate() {
                if from == to {
                    row.push(None);
                    continue;
                }
                let listener = TcpListener::bind(SocketAddr::new(host, 0)).await?;
                let address = listener.local_addr()?;
                let pair = Pair { ways: Arc::clone(&proxy.ways), from, to };
                let seed = seed ^ ((from as u64) << 32 | to as u64);
                let serving = tokio::spawn(serve(listener, *target, pair, seed)).abort_handle();
                row.push(Some(Door { address, serving }));
            }
            proxy.doors.push(row);
        }
        Ok(proxy)
    }

    /// Where `from` dials `to`; none when there is no such pair.
    pub fn address(&self, from: usize, to: usize) -> Option<SocketAddr> {
        Some(self.doors.get(from)?.get(to)?.as_ref()?.address)
    }

    /// Changes how what `from` says reaches `to`, on all connections of the pair: its flow at once, bytes under way
    /// included, the rest for what is said from now on. A pair that does not exist has no way to change.
    pub fn set(&self, from: usize, to: usize, way: Way) {
        if let Some(state) = self.ways.get(from).and_then(|row| row.get(to)) {
            state.send_modify(|state| state.way = way);
        }
    }

    /// How what `from` says reaches `to` now.
    pub fn way(&self, from: usize, to: usize) -> Option<Way> {
        Some(self.ways.get(from)?.get(to)?.borrow().way)
    }

    /// Cuts every connection between the two, in the middle of a word. They may connect again.
    pub fn cut(&self, one: usize, other: usize) {
        for (from, to) in [(one, other), (other, one)] {
            if let Some(state) = self.ways.get(from).and_then(|row| row.get(to)) {
                state.send_modify(|state| state.cuts += 1);
            }
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        for door in self.doors.iter().flatten().flatten() {
            door.serving.abort();
        }
    }
}

/// The two ways of a connection that `from` dialled.
struct Pair {
    ways: Ways,
    from: usize,
    to: usize,
}

impl Pair {
    fn there(&self) -> watch::Receiver<State> {
        self.ways[self.from][self.to].subscribe()
    }

    fn back(&self) -> watch::Receiver<State> {
        self.ways[self.to][self.from].subscribe()
    }
}

async fn serve(listener: TcpListener, target: SocketAddr, pair: Pair, seed: u64) {
    // Ends with this task, and with it every connection.
    let mut connections = JoinSet::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    for number in 0u64.. {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let Ok((dialler, _)) = accepted else {
            // No descriptors left: others may be given back in a moment.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let (there, back) = (pair.there(), pair.back());
        connections.spawn(async move {
            let _place = place;
            connect(dialler, target, there, back, seed.wrapping_add(number.wrapping_mul(0x1_0001))).await;
        });
    }
}

async fn connect(
    dialler: TcpStream,
    target: SocketAddr,
    there: watch::Receiver<State>,
    back: watch::Receiver<State>,
    seed: u64,
) {
    // Nobody behind the door: the dialler's connection is reset at once, as by a machine where nobody listens.
    let Ok(Ok(listener)) = tokio::time::timeout(CONNECT, TcpStream::connect(target)).await else {
        let _ = dialler.set_zero_linger();
        return;
    };
    for stream in [&dialler, &listener] {
        let _ = stream.set_nodelay(true);
    }
    let cut = [there.clone(), back.clone()];
    let (from_dialler, to_dialler) = dialler.into_split();
    let (from_listener, to_listener) = listener.into_split();
    let both = async {
        tokio::join!(
            pump::run(from_dialler, to_listener, there, seed),
            pump::run(from_listener, to_dialler, back, !seed),
        )
    };
    let [there, back] = cut;
    tokio::select! {
        _ = both => {}
        () = is_cut(there) => {}
        () = is_cut(back) => {}
    }
}

/// Returns when all that used a way is cut.
async fn is_cut(mut state: watch::Receiver<State>) {
    let cuts = state.borrow_and_update().cuts;
    // An error: the proxy is gone, which ends the connections by itself.
    let _ = state.wait_for(|state| state.cuts != cuts).await;
}

#[cfg(test)]
mod tests;
