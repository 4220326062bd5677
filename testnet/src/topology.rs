//! A network on paper: its validators, their keys, ports and files.
//!
//! Every node gets a directory with all that `quorate node start` needs and nothing of another node. `testnet.json`
//! is written last: a directory with one is a whole network, a directory without is the rest of a broken attempt.

use std::fs;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crypto::{Digest, PublicKey, sha256};
use node::config::Sources;
use node::genesis_file::{self, GenesisError};
use node::journal::{IfMissing, Journal, JournalError};
use node::keystore::{Keystore, KeystoreError, Owner, Protection};
use node::passphrase::{Passphrase, PassphraseError};
use proto::counter::TimeMs;
use proto::genesis::{Admission, Genesis};
use proto::policy::{Policy, PolicyError};
use proto::validators::ValidatorSet;
use serde::{Deserialize, Serialize};

use crate::ports::{self, NoPorts, loopback};

/// What a network should be.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Number of validators.
    pub validators: usize,
    /// Its directory.
    pub dir: PathBuf,
    /// The first port to try; every node needs three.
    pub port: u16,
    /// The log's origin; none: one that no other network here has.
    pub origin: Option<String>,
    /// How the nodes' keys are kept.
    pub keys: Keys,
    /// Who may register identities; when nobody, every well-formed key is admitted.
    pub registrars: Vec<PublicKey>,
}

/// How the nodes' keys are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// Encrypted, the passphrase in a file beside them: what `quorate node start` accepts.
    Encrypted,
    /// Marked dev-only: for a network inside one process, whose callers need no token.
    Dev,
}

/// A network that was drawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topology {
    #[serde(skip)]
    dir: PathBuf,
    /// The network's id.
    pub network: String,
    /// The log's origin.
    pub origin: String,
    /// The nodes.
    pub nodes: Vec<Member>,
}

/// One node of a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Its name in genesis, and its directory's.
    pub name: String,
    /// Where it serves REST and JSON-RPC.
    pub rpc: SocketAddr,
    /// Where it serves metrics and health.
    pub admin: SocketAddr,
    /// Where other nodes dial it.
    pub p2p: String,
    #[serde(skip)]
    dir: PathBuf,
}

/// Where one node is to listen and keep its data, and where it finds the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct House {
    /// REST and JSON-RPC.
    pub rpc: SocketAddr,
    /// Metrics and health.
    pub admin: SocketAddr,
    /// Other nodes.
    pub p2p: SocketAddr,
    /// Where this node dials each node of the network, in their order: for each pair it may be another door.
    pub peers: Vec<SocketAddr>,
    /// Where journal and store are kept; none: the node's directory.
    pub data_dir: Option<PathBuf>,
}

/// Why there is no network.
#[derive(Debug, thiserror::Error)]
pub enum TopologyError {
    /// The system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is a network already, or what is left of one.
    #[error("{} is not empty", dir.display())]
    Exists {
        /// The directory.
        dir: PathBuf,
    },
    /// There is no network.
    #[error("there is no network in {}", dir.display())]
    Missing {
        /// The directory.
        dir: PathBuf,
    },
    /// The file that describes the network is damaged.
    #[error("{}: {fault}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        fault: String,
    },
    /// Too many validators, or none.
    #[error("a network has 1 to {max} validators, not {found}")]
    Count {
        /// Number asked for.
        found: usize,
        /// Number allowed.
        max: usize,
    },
    /// No ports.
    #[error(transparent)]
    Ports(#[from] NoPorts),
    /// Not one house for each node, or not one peer for each node in a house.
    #[error("{found} addresses for {nodes} nodes")]
    Houses {
        /// Number given.
        found: usize,
        /// Number needed.
        nodes: usize,
    },
    /// A key could not be made.
    #[error(transparent)]
    Keystore(#[from] KeystoreError),
    /// A journal could not be made.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A passphrase could not be made.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// The genesis is not one, or could not be written.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
    /// The validators give no policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
}

impl Topology {
    /// The file that describes a network, in its directory.
    pub const FILE_NAME: &str = "testnet.json";
    /// The policy to judge its receipts by, in its directory.
    pub const POLICY: &str = "policy.txt";
    /// The bearer token for callers who send plain JSON, in its directory.
    pub const TOKEN: &str = "token";
    /// The first port that is tried when none is asked for.
    pub const PORT: u16 = 7170;
    const FILE_BYTES_MAX: u64 = 1 << 20;

    /// Draws a network and writes all its files into `plan.dir`, which must be empty or absent.
    ///
    /// # Errors
    /// `TopologyError`; the directory then is as empty as it was, unless this process died meanwhile: then it holds
    /// the rest of the attempt and no `testnet.json`.
    pub fn create(plan: &Plan) -> Result<Self, TopologyError> {
        if plan.validators == 0 || plan.validators > ValidatorSet::COUNT_MAX {
            return Err(TopologyError::Count { found: plan.validators, max: ValidatorSet::COUNT_MAX });
        }
        let dir = empty_dir(&plan.dir)?;
        Self::draw(plan, &dir).inspect_err(|_| sweep(&dir))
    }

    fn draw(plan: &Plan, dir: &Path) -> Result<Self, TopologyError> {
        let ports = ports::free(plan.port, plan.validators * 3)?;
        let mut nodes = Vec::with_capacity(plan.validators);
        for (number, ports) in ports.chunks_exact(3).enumerate() {
            nodes.push(Member::drawn(dir, number + 1, ports));
        }
        let genesis = keys_and_genesis(plan, &nodes)?;
        let token = secret_text();
        for node in &nodes {
            node.write(&genesis, &nodes, plan.keys, &sha256(token.as_bytes()), &[])?;
        }
        let policy = Policy::of(&genesis.validator_set())?;
        write(&dir.join(Self::POLICY), policy.to_string().as_bytes())?;
        if plan.keys == Keys::Encrypted {
            write(&dir.join(Self::TOKEN), format!("{token}\n").as_bytes())?;
        }
        let topology = Self {
            network: genesis.network().to_string(),
            origin: genesis.origin,
            nodes,
            dir: dir.to_owned(),
        };
        write(&topology.dir.join(Self::FILE_NAME), topology.json().as_bytes())?;
        Ok(topology)
    }

    /// Moves the nodes of a network that does not run to other addresses: into network namespaces of their own, or
    /// behind a door for each pair (`proxy`). Their callers are then held to signed submissions.
    ///
    /// # Errors
    /// `Houses` and nothing is changed, or `Io` and some nodes may have moved.
    pub fn rehouse(&mut self, houses: &[House]) -> Result<(), TopologyError> {
        let nodes = self.nodes.len();
        let counts = houses.iter().map(|house| house.peers.len()).chain([houses.len()]);
        if let Some(found) = counts.into_iter().find(|count| *count != nodes) {
            return Err(TopologyError::Houses { found, nodes });
        }
        let names: Vec<String> = self.nodes.iter().map(|node| node.name.clone()).collect();
        for (node, house) in self.nodes.iter_mut().zip(houses) {
            (node.rpc, node.admin, node.p2p) = (house.rpc, house.admin, multiaddr(house.p2p));
            let peers = names.iter().zip(&house.peers).map(|(name, peer)| peer_line(name, &multiaddr(*peer)));
            // A literal string of TOML: a path with a quote in it is refused by the node, not misread.
            let data_dir = house.data_dir.as_ref().map(|dir| format!("data_dir = '{}'\n", dir.display()));
            let text = data_dir.unwrap_or_default() + &node.config(&[], "", &peers.collect::<String>());
            let path = node.dir.join(Sources::FILE_NAME);
            fs::write(&path, text).map_err(|source| TopologyError::Io { path, source })?;
            if let Some(dir) = &house.data_dir {
                let genesis = genesis_file::read(&node.dir.join(genesis_file::FILE_NAME))?;
                node.begin_journal(&node.dir.join(dir), &genesis)?;
            }
        }
        replace(&self.dir.join(Self::FILE_NAME), &self.json())
    }

    /// Draws nodes more, as observers that know everybody and that everybody knows at its next start. They are in
    /// `testnet.json` when all their files are written.
    ///
    /// # Errors
    /// `TopologyError`; what was written for them then is of no network, and in the way of the next attempt.
    pub fn grow(&mut self, count: usize) -> Result<Vec<Member>, TopologyError> {
        let found = self.nodes.len().saturating_add(count);
        if count == 0 || found > ValidatorSet::COUNT_MAX {
            return Err(TopologyError::Count { found, max: ValidatorSet::COUNT_MAX });
        }
        let taken = self.nodes.iter().map(|node| node.admin.port().max(node.rpc.port())).max();
        let ports = ports::free(taken.unwrap_or(Self::PORT).saturating_add(1), count * 3)?;
        let last =
            self.nodes.iter().filter_map(|node| node.name.strip_prefix('v')?.parse::<usize>().ok()).max();
        let fresh: Vec<Member> = (last.unwrap_or_default() + 1..)
            .zip(ports.chunks_exact(3))
            .map(|(number, ports)| Member::drawn(&self.dir, number, ports))
            .collect();
        let first = self.nodes.first().ok_or(TopologyError::Missing { dir: self.dir.clone() })?;
        let genesis = genesis_file::read(&first.dir.join(genesis_file::FILE_NAME))?;
        let token = read_text(&self.dir.join(Self::TOKEN))?;
        let urls: Vec<String> = self.nodes.iter().map(Member::url).collect();
        let all: Vec<Member> = self.nodes.iter().chain(&fresh).cloned().collect();
        for node in &fresh {
            encrypted_keystore(node)?;
            node.write(&genesis, &all, Keys::Encrypted, &sha256(token.trim().as_bytes()), &urls)?;
        }
        for node in &self.nodes {
            let path = node.dir.join(Sources::FILE_NAME);
            // The addresses of the others stand last in the file.
            replace(&path, &(read_text(&path)? + &peer_lines(&fresh)))?;
        }
        self.nodes = all;
        replace(&self.dir.join(Self::FILE_NAME), &self.json())?;
        Ok(fresh)
    }

    fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("texts are always JSON") + "\n"
    }

    /// Reads the network in a directory.
    ///
    /// # Errors
    /// `Missing`, `Io` or `Malformed`.
    pub fn read(dir: &Path) -> Result<Self, TopologyError> {
        let missing = |fault: io::Error| match fault.kind() {
            io::ErrorKind::NotFound => TopologyError::Missing { dir: dir.to_owned() },
            _ => TopologyError::Io { path: dir.to_owned(), source: fault },
        };
        let dir = dir.canonicalize().map_err(missing)?;
        let path = dir.join(Self::FILE_NAME);
        let malformed = |fault: String| TopologyError::Malformed { path: path.clone(), fault };
        let mut bytes = Vec::new();
        let file = fs::File::open(&path).map_err(missing)?;
        file.take(Self::FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(missing)?;
        if bytes.len() as u64 > Self::FILE_BYTES_MAX {
            return Err(malformed(format!("larger than {} bytes", Self::FILE_BYTES_MAX)));
        }
        let mut topology: Self =
            serde_json::from_slice(&bytes).map_err(|fault| malformed(fault.to_string()))?;
        for node in &mut topology.nodes {
            // A name becomes a path below; a changed file must not lead out of the network's directory.
            if node.name.is_empty() || !node.name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
                return Err(malformed(format!("{:?} is not a node's name", node.name)));
            }
            node.dir = dir.join(&node.name);
        }
        topology.dir = dir;
        Ok(topology)
    }

    /// The network's directory, absolute.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The node of this name.
    pub fn node(&self, name: &str) -> Option<&Member> {
        self.nodes.iter().find(|node| node.name == name)
    }
}

impl Member {
    /// A node of a network in `dir`, with three ports.
    fn drawn(dir: &Path, number: usize, ports: &[u16]) -> Self {
        let name = format!("v{number}");
        Self {
            dir: dir.join(&name),
            rpc: loopback(ports[0]),
            admin: loopback(ports[1]),
            p2p: multiaddr(loopback(ports[2])),
            name,
        }
    }

    /// Its directory, absolute.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The address of its REST and JSON-RPC.
    pub fn url(&self) -> String {
        format!("http://{}", self.rpc)
    }

    /// Its keystore.
    pub fn keystore(&self) -> PathBuf {
        self.dir.join(Keystore::FILE_NAME)
    }

    /// The passphrase of its keystore.
    pub fn passphrase(&self) -> PathBuf {
        self.dir.join("passphrase")
    }

    /// Its process's id, while it runs.
    pub fn pid_file(&self) -> PathBuf {
        self.dir.join("pid")
    }

    /// What it says, when it runs as a process.
    pub fn log(&self) -> PathBuf {
        self.dir.join("log")
    }

    /// Begins its journal, unless it is there: with the keys, so that one that is missing later is known to be lost.
    fn begin_journal(&self, dir: &Path, genesis: &Genesis) -> Result<(), TopologyError> {
        let validator = Keystore::read(&self.keystore())?.validator(&self.name, 1)?;
        let path = dir.join(Journal::FILE_NAME);
        Journal::open(&path, &genesis.network(), &validator.consensus, IfMissing::Create)?;
        Ok(())
    }

    fn write(
        &self,
        genesis: &Genesis,
        nodes: &[Self],
        keys: Keys,
        token: &Digest,
        submit_to: &[String],
    ) -> Result<(), TopologyError> {
        genesis_file::create(&self.dir.join(genesis_file::FILE_NAME), genesis)?;
        self.begin_journal(&self.dir, genesis)?;
        let auth = match keys {
            Keys::Encrypted => {
                write(&self.dir.join("keys"), format!("{token}\n").as_bytes())?;
                "keys_file = \"keys\""
            }
            Keys::Dev => "open = true",
        };
        // A network to try things out with: everything is served.
        let doors = format!(
            "[gateway]\nenabled = true\n\n[auth]\n{auth}\n\n[surfaces]\nqod = true\nqwed = true\nproofnest = true\nqcos = true\ndev_custody = true\n\n"
        );
        let text = self.config(submit_to, &doors, &peer_lines(nodes));
        write(&self.dir.join(Sources::FILE_NAME), text.as_bytes())
    }

    /// Its configuration. Who knows where to send others is no validator yet.
    fn config(&self, submit_to: &[String], doors: &str, peers: &str) -> String {
        let (observe, submit_to) = match submit_to {
            [] => ("", String::new()),
            urls => ("observe = true\n", format!("submit_to = [\"{}\"]\n", urls.join("\", \""))),
        };
        format!(
            "name = \"{}\"\n{observe}\n[rpc]\nlisten = [\"{}\"]\n{submit_to}\n[admin]\nlisten = \"{}\"\n\n[p2p]\nlisten = [\"{}\"]\n\n\
             {doors}[peers]\n{peers}",
            self.name, self.rpc, self.admin, self.p2p
        )
    }
}

/// A TCP address as nodes name it.
fn multiaddr(address: SocketAddr) -> String {
    let family = if address.is_ipv4() { "ip4" } else { "ip6" };
    format!("/{family}/{}/tcp/{}", address.ip(), address.port())
}

/// Makes every node's keystore, and of their public keys the genesis.
fn keys_and_genesis(plan: &Plan, nodes: &[Member]) -> Result<Genesis, TopologyError> {
    let mut validators = Vec::with_capacity(nodes.len());
    for node in nodes {
        let keystore = match plan.keys {
            Keys::Dev => Keystore::create(&node.keystore(), Owner::Validator, Protection::Dev)?,
            Keys::Encrypted => encrypted_keystore(node)?,
        };
        validators.push(keystore.validator(&node.name, 1)?);
    }
    let origin = match &plan.origin {
        Some(origin) => origin.clone(),
        // No two logs may share an origin: a part of a fresh secret tells them apart.
        None => format!("localhost/quorate/{}", &secret_text()[..8]),
    };
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let genesis = Genesis {
        origin,
        time: TimeMs::new(u64::try_from(since.as_millis()).unwrap_or(u64::MAX)),
        validators,
        admission: match plan.registrars.is_empty() {
            true => Admission::Open,
            false => Admission::Registered,
        },
        registrars: plan.registrars.clone(),
    };
    genesis.check().map_err(|fault| TopologyError::Malformed {
        path: plan.dir.join(genesis_file::FILE_NAME),
        fault: fault.to_string(),
    })?;
    Ok(genesis)
}

/// Makes a node's keystore, and beside it the file with its passphrase.
fn encrypted_keystore(node: &Member) -> Result<Keystore, TopologyError> {
    let text = secret_text();
    private_dir(&node.dir)?;
    write(&node.passphrase(), format!("{text}\n").as_bytes())?;
    let passphrase = Passphrase::new(text.into_bytes())?;
    Ok(Keystore::create(&node.keystore(), Owner::Validator, Protection::Passphrase(&passphrase))?)
}

/// Where nodes can be dialled, as in the last part of a configuration.
fn peer_lines(nodes: &[Member]) -> String {
    nodes.iter().map(|node| peer_line(&node.name, &node.p2p)).collect()
}

fn peer_line(name: &str, address: &str) -> String {
    format!("{name} = [\"{address}\"]\n")
}

fn read_text(path: &Path) -> Result<String, TopologyError> {
    fs::read_to_string(path).map_err(|source| TopologyError::Io { path: path.to_owned(), source })
}

/// Writes a file in the place of another, which stands until this one is whole.
fn replace(path: &Path, text: &str) -> Result<(), TopologyError> {
    let beside = path.with_extension("new");
    let io = |source| TopologyError::Io { path: path.to_owned(), source };
    match fs::remove_file(&beside) {
        Err(fault) if fault.kind() != io::ErrorKind::NotFound => return Err(io(fault)),
        Ok(()) | Err(_) => {}
    }
    write(&beside, text.as_bytes())?;
    fs::rename(&beside, path).map_err(io)
}

/// 128 random bits in hex.
fn secret_text() -> String {
    rand::random::<[u8; 16]>().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn empty_dir(dir: &Path) -> Result<PathBuf, TopologyError> {
    let io = |source| TopologyError::Io { path: dir.to_owned(), source };
    private_dir(dir)?;
    match fs::read_dir(dir).map_err(io)?.next() {
        None => dir.canonicalize().map_err(io),
        Some(_) => Err(TopologyError::Exists { dir: dir.to_owned() }),
    }
}

/// Removes what a failed attempt has left in a directory that was empty. Why it failed is what is told, so that this
/// fails is not.
fn sweep(dir: &Path) {
    for path in fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path()) {
        let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    }
}

fn private_dir(dir: &Path) -> Result<(), TopologyError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(|source| TopologyError::Io { path: dir.to_owned(), source })
}

/// Writes a file for its owner's eyes only, which must not exist yet.
fn write(path: &Path, bytes: &[u8]) -> Result<(), TopologyError> {
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let written = file.and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.map_err(|source| TopologyError::Io { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests;
