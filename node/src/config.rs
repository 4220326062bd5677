//! Configuration: layers of settings become one checked value.
//!
//! A flag wins over the environment (`QUORATE_` and the key in capitals), that over `config.toml`, that over
//! the default. An unknown key is refused wherever it stands, and for every value it is known where it came
//! from.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anchor::Every;
use api::Surface;
use p2p::Multiaddr;
use proto::id::Tenant;
use proto::operation::issuer::{Continuity, IssuerDid};
use store::disk::Engine;

mod keeping;
mod keys;
mod layers;
mod value;

pub use keeping::Keeping;
pub use keys::Key;
use layers::Settings;
use value::Fault;

/// A node's configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where journal and store are kept.
    pub data_dir: PathBuf,
    /// What keeps the store; a store belongs to the engine that made it.
    pub engine: Engine,
    /// The node's name, which it has among the validators if it is one; a node without a name does not start.
    pub name: Option<String>,
    /// Whether the node also runs while it is no validator: it follows, serves what can be read, and becomes a
    /// validator when the others let it join.
    pub observe: bool,
    /// The public listeners.
    pub rpc: Rpc,
    /// Where metrics and health are served.
    pub admin_listen: SocketAddr,
    /// The network between nodes.
    pub p2p: P2p,
    /// Where the validators can be dialled, by name.
    pub peers: BTreeMap<String, Vec<Multiaddr>>,
    /// Timeouts and bounds of consensus.
    pub consensus: consensus::Config,
    /// How much may wait to be ordered.
    pub mempool: Mempool,
    /// Signing for callers who send plain JSON.
    pub gateway: Gateway,
    /// Who may have this node write.
    pub auth: Auth,
    /// The foreign surfaces that are served.
    pub surfaces: BTreeSet<Surface>,
    /// Whether this node keeps keys for callers of foreign surfaces.
    pub dev_custody: bool,
    /// Signing attestations, for the surface that has them.
    pub attestations: Attestations,
    /// Where artifacts are kept: a URL, or a directory; none: nowhere.
    pub artifacts: Option<String>,
    /// How large and how many they may be, and how long they are kept.
    pub keeping: Keeping,
    /// Publishing the log as files.
    pub publish: Option<Publish>,
    /// Cosigning the logs of others, and having ours cosigned.
    pub witness: Witness,
    /// Having certified checkpoints anchored outside.
    pub anchors: Anchors,
    /// A file of the certificates that HTTPS servers are believed by; none: the system's.
    pub tls_roots: Option<PathBuf>,
    /// What is logged, and how.
    pub log: Log,
    settings: Vec<Setting>,
}

/// The public listeners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rpc {
    /// Their addresses.
    pub listen: Vec<SocketAddr>,
    /// The host names that listeners beyond loopback answer to; none: any.
    pub hosts: Vec<String>,
    /// Where validators are served, told to those who submit to an observer.
    pub submit_to: Vec<String>,
}

/// The network between nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct P2p {
    /// Addresses to listen on.
    pub listen: Vec<Multiaddr>,
    /// Connections from peers that are no validators, each way.
    pub observers_max: u32,
}

/// How much may wait to be ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mempool {
    /// Submissions in all.
    pub count_max: usize,
    /// Bytes of envelopes in all.
    pub bytes_max: usize,
    /// Submissions of one tenant.
    pub tenant_count_max: usize,
    /// Bytes of envelopes of one tenant.
    pub tenant_bytes_max: usize,
}

/// Signing for callers who send plain JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// Whether it is done at all.
    pub enabled: bool,
}

/// Signing attestations that are JWTs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestations {
    /// Whose they are.
    pub issuer: IssuerDid,
    /// The issuer's name for people, when this node sets it first.
    pub name: String,
    /// How long the key that signs them lives; none: nothing is signed.
    pub signing: Option<Continuity>,
}

/// Who may have this node write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auth {
    /// A file of keys, by their SHA-256: `credentials` reads it.
    pub keys_file: Option<PathBuf>,
    /// Whether callers on loopback need no key.
    pub open: bool,
    /// The tenants whose records are for their own callers alone.
    pub private_tenants: BTreeSet<Tenant>,
    /// Requests a minute of one tenant at one endpoint; 0: any number.
    pub rate_per_minute: u32,
    /// Most bytes of the security log, and of the one before it.
    pub log_bytes_max: u64,
}

/// Publishing the log as files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publish {
    /// Where: a URL, or a directory.
    pub url: String,
    /// How often what is new is published.
    pub interval: Duration,
}

/// Cosigning the logs of others, and having ours cosigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The name to cosign under; none: one that follows from the network's and the node's.
    pub name: Option<String>,
    /// The logs to cosign: `log <vkey> [<url>]`, or a vkey.
    pub logs: Vec<String>,
    /// Files with policies of logs to cosign, whose quorum is asked for.
    pub policies: Vec<PathBuf>,
    /// Who is asked to cosign our log: `witness <name> <vkey> <url>`.
    pub cosigners: Vec<String>,
    /// How often they are asked at most, in milliseconds.
    pub interval_ms: u64,
}

/// Having certified checkpoints anchored outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchors {
    /// Who is asked: `rfc3161 <name> <url> <roots.pem> [<policy>]`, or `ots <name> <url> [<headers>]`.
    pub services: Vec<String>,
    /// When.
    pub every: Every,
    /// Where relative paths are taken from.
    pub dir: PathBuf,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// How a line looks.
    pub format: LogFormat,
    /// Which lines: directives of `tracing`, such as `info,p2p=debug`.
    pub filter: String,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For humans on a terminal, JSON elsewhere.
    Auto,
    /// For humans.
    Human,
    /// One JSON object a line.
    Json,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The program.
    Default,
    /// The configuration file.
    File(PathBuf),
    /// The environment.
    Env {
        /// The variable.
        name: String,
    },
    /// The command line.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Env { name } => write!(f, "env {name}"),
            Self::Flag => f.write_str("flag"),
        }
    }
}

/// One key, its value in force, and where that comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The key.
    pub key: &'static str,
    /// The value, as TOML.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// Everything a configuration is made from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Keys and values from the command line; a later one wins.
    pub flags: Vec<(String, String)>,
    /// The environment; only variables that begin with `QUORATE_` are looked at.
    pub env: Vec<(String, String)>,
    /// The configuration file and its text.
    pub file: Option<(PathBuf, String)>,
}

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{}: {fault}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What the reader said, with the place.
        fault: String,
    },
    /// No such key.
    #[error("{origin}: there is no key {key:?}{}", suggestion(near))]
    UnknownKey {
        /// The key found.
        key: String,
        /// Where it stands.
        origin: Origin,
        /// A key that was perhaps meant.
        near: Option<&'static str>,
    },
    /// The value is not one the key takes.
    #[error("{key} = {value} ({origin}): {fault}")]
    Value {
        /// The key.
        key: &'static str,
        /// The value found.
        value: String,
        /// Where it stands.
        origin: Origin,
        /// What is wrong with it.
        fault: String,
    },
}

/// The tenants whose records are not for everybody.
fn private_tenants(settings: &Settings) -> Result<BTreeSet<Tenant>, ConfigError> {
    let key = "auth.private_tenants";
    let names: Vec<String> = settings.parsed_list(key, "a tenant is text")?;
    names.iter().map(|name| Tenant::parse(name).map_err(|fault| settings.fault(key, fault))).collect()
}

/// Whose attestations this node signs, and with what.
fn attestations(settings: &Settings) -> Result<Attestations, ConfigError> {
    let text = |key| Ok::<_, ConfigError>(settings.text(key)?.unwrap_or_default());
    let (issuer, signing) = ("attestations.issuer", "attestations.signing");
    Ok(Attestations {
        issuer: IssuerDid::parse(&text(issuer)?).map_err(|fault| settings.fault(issuer, fault))?,
        name: text("attestations.name")?,
        signing: match text(signing)?.as_str() {
            "off" => None,
            policy => {
                let known = Continuity::from_name(policy).map_err(|fault| settings.fault(signing, fault))?;
                Some(known)
            }
        },
    })
}

fn suggestion(near: &Option<&'static str>) -> String {
    near.map(|key| format!("; did you mean {key:?}?")).unwrap_or_default()
}

impl Sources {
    /// The configuration file's name in a node's directory.
    pub const FILE_NAME: &'static str = "config.toml";
    const FILE_BYTES_MAX: u64 = 1 << 20;

    /// Flags, this process's environment and, if there is one, the file in a node's directory.
    ///
    /// # Errors
    /// `Io` when the file is there and cannot be read.
    pub fn of_node(dir: &Path, flags: Vec<(String, String)>) -> Result<Self, ConfigError> {
        let path = dir.join(Self::FILE_NAME);
        // A variable that is not text cannot be one of ours: a key's name is ASCII, its value is shown when refused.
        let env = std::env::vars_os()
            .filter_map(|(name, value)| {
                Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
            })
            .collect();
        let read = std::fs::File::open(&path)
            .and_then(|file| crate::files::read_at_most(file, Self::FILE_BYTES_MAX))
            .and_then(|bytes| bytes.ok_or_else(|| std::io::Error::other("larger than 1 MiB")))
            .and_then(|bytes| String::from_utf8(bytes).map_err(std::io::Error::other));
        let file = match read {
            Ok(text) => Some((path, text)),
            Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => None,
            Err(source) => return Err(ConfigError::Io { path, source }),
        };
        Ok(Self { flags, env, file })
    }
}

impl Config {
    /// Puts the layers together and checks every value. Relative paths are taken from `dir`, the node's directory.
    ///
    /// # Errors
    /// `ConfigError`, the first fault.
    pub fn load(dir: &Path, sources: &Sources) -> Result<Self, ConfigError> {
        let settings = Settings::merge(sources)?;
        let path = |key| settings.text(key).map(|text| text.map(|text| dir.join(text)));
        let timeout = settings.number("consensus.view_timeout_ms")?;
        let timeout_max = settings.number("consensus.view_timeout_max_ms")?;
        settings.at_most(
            "consensus.view_timeout_ms",
            timeout,
            "consensus.view_timeout_max_ms",
            timeout_max,
        )?;
        let mempool = Mempool {
            count_max: settings.size("mempool.count_max")?,
            bytes_max: settings.size("mempool.bytes_max")?,
            tenant_count_max: settings.size("mempool.tenant_count_max")?,
            tenant_bytes_max: settings.size("mempool.tenant_bytes_max")?,
        };
        for (tenant, tenant_max, all, all_max) in [
            ("mempool.tenant_count_max", mempool.tenant_count_max, "mempool.count_max", mempool.count_max),
            ("mempool.tenant_bytes_max", mempool.tenant_bytes_max, "mempool.bytes_max", mempool.bytes_max),
        ] {
            settings.at_most(tenant, tenant_max as u64, all, all_max as u64)?;
        }
        let data_dir = path("data_dir")?.unwrap_or_else(|| dir.to_owned());
        Ok(Self {
            data_dir: data_dir.clone(),
            engine: settings.parsed("storage.engine", "one of sled and fjall")?,
            name: settings.text("name")?,
            observe: settings.flag("observe")?,
            rpc: Rpc {
                listen: settings.parsed_list("rpc.listen", "a listener is an address and a port")?,
                hosts: settings.parsed_list("rpc.hosts", "a host is text")?,
                submit_to: settings.parsed_list("rpc.submit_to", "a URL is text")?,
            },
            admin_listen: settings.parsed("admin.listen", "a listener is an address and a port")?,
            p2p: P2p {
                listen: settings.parsed_list("p2p.listen", "not a multiaddress")?,
                observers_max: u32::try_from(settings.number("p2p.observers_max")?).unwrap_or(u32::MAX),
            },
            peers: settings.peers("peers")?,
            consensus: consensus::Config {
                view_timeout_ms: timeout,
                view_timeout_max_ms: timeout_max,
                resend_ms: settings.number("consensus.resend_ms")?,
                clock_bound_ms: settings.number("consensus.clock_bound_ms")?,
                heartbeat_ms: match settings.number("consensus.heartbeat_ms")? {
                    0 => None,
                    ms => Some(ms),
                },
            },
            mempool,
            gateway: Gateway { enabled: settings.flag("gateway.enabled")? },
            auth: Auth {
                keys_file: path("auth.keys_file")?,
                open: settings.flag("auth.open")?,
                private_tenants: private_tenants(&settings)?,
                rate_per_minute: u32::try_from(settings.number("auth.rate_per_minute")?).unwrap_or(u32::MAX),
                log_bytes_max: settings.number("auth.log_bytes_max")?,
            },
            surfaces: [
                (Surface::Qod, "surfaces.qod"),
                (Surface::Qwed, "surfaces.qwed"),
                (Surface::Proofnest, "surfaces.proofnest"),
                (Surface::Qcos, "surfaces.qcos"),
            ]
            .into_iter()
            .filter_map(|(surface, key)| settings.flag(key).map(|on| on.then_some(surface)).transpose())
            .collect::<Result<_, _>>()?,
            dev_custody: settings.flag("surfaces.dev_custody")?,
            attestations: attestations(&settings)?,
            artifacts: settings.text("artifacts.url")?.map(|url| keeping::located(&url, &data_dir)),
            keeping: keeping::read(&settings, &data_dir)?,
            publish: match settings.text("publish.url")? {
                None => None,
                // A directory is taken from the node's own, as every path here.
                Some(url) if !url.contains("://") => Some(dir.join(url).to_string_lossy().into_owned()),
                Some(url) => Some(url),
            }
            .map(|url| {
                let interval = Duration::from_millis(settings.number("publish.interval_ms")?);
                Ok::<_, ConfigError>(Publish { url, interval })
            })
            .transpose()?,
            witness: Witness {
                name: settings.text("witness.name")?,
                logs: settings.parsed_list("witness.logs", "a log is text")?,
                policies: settings
                    .parsed_list::<String>("witness.policies", "a path is text")?
                    .into_iter()
                    .map(|path| dir.join(path))
                    .collect(),
                cosigners: settings.parsed_list("witness.cosigners", "a witness is text")?,
                interval_ms: settings.number("witness.interval_ms")?,
            },
            anchors: Anchors {
                services: settings.parsed_list("anchors.services", "a service is text")?,
                every: Every {
                    seconds: settings.number("anchors.every_s")?,
                    leaves: settings.number("anchors.every_sizes")?,
                },
                dir: dir.to_owned(),
            },
            tls_roots: path("tls.roots")?,
            log: Log {
                format: match settings.text("log.format")?.as_deref() {
                    Some("auto") => LogFormat::Auto,
                    Some("human") => LogFormat::Human,
                    Some("json") => LogFormat::Json,
                    Some(_) | None => {
                        return Err(settings.fault("log.format", "one of auto, human and json"));
                    }
                },
                filter: settings.text("log.filter")?.unwrap_or_default(),
            },
            settings: settings.effective(),
        })
    }

    /// Every key with its value in force and where that comes from.
    pub fn effective(&self) -> &[Setting] {
        &self.settings
    }
}

#[cfg(test)]
mod tests;
