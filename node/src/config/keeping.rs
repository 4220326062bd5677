//! How artifacts are kept: how large, how many, how long, and where they go when their time is over.

use std::collections::BTreeMap;
use std::path::Path;

use api::keeping::{Policy, WhenOver};
use archive::artifacts::room::Quota;
use proto::id::Tenant;

use super::ConfigError;
use super::layers::Settings;

/// How artifacts are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keeping {
    /// Most bytes of one of them.
    pub bytes_max: u64,
    /// Room of a tenant that is not named.
    pub quota: Quota,
    /// Room of others.
    pub quotas: BTreeMap<Tenant, Quota>,
    /// Where they go whose time is over, if they go anywhere: a URL, or a directory.
    pub archive: Option<String>,
    /// How long those of a tenant are kept that is not named, if their author does not say.
    pub policy: Policy,
    /// How long those of others.
    pub policies: BTreeMap<Tenant, Policy>,
}

const QUOTAS: &str = "artifacts.quotas";
const ARCHIVE: &str = "artifacts.archive";
const POLICY: &str = "retention.default";
const POLICIES: &str = "retention.tenants";

pub(super) fn read(settings: &Settings, data_dir: &Path) -> Result<Keeping, ConfigError> {
    let quota = Quota {
        bytes_max: settings.number("artifacts.tenant_bytes_max")?,
        count_max: settings.number("artifacts.tenant_count_max")?,
    };
    let quotas = of_tenants(settings, QUOTAS, |words| {
        let mut numbers = words.split_whitespace().map(str::parse::<u64>);
        match (numbers.next(), numbers.next(), numbers.next()) {
            (Some(Ok(bytes_max)), Some(Ok(count_max)), None) => Ok(Quota { bytes_max, count_max }),
            _ => Err("a quota is a tenant, a number of bytes and a number of artifacts; 0 is any".to_owned()),
        }
    })?;
    let archive = settings.text(ARCHIVE)?.map(|url| located(&url, data_dir));
    let policy = Policy::parse(&settings.text(POLICY)?.unwrap_or_default())
        .map_err(|fault| settings.fault(POLICY, fault))?;
    let policies = of_tenants(settings, POLICIES, Policy::parse)?;
    for (key, policy) in [(POLICY, &policy)].into_iter().chain(policies.values().map(|it| (POLICIES, it))) {
        if policy.when_over == WhenOver::Archive && archive.is_none() {
            return Err(settings.fault(key, "archive: artifacts.archive must say where"));
        }
    }
    Ok(Keeping {
        bytes_max: settings.number("artifacts.bytes_max")?,
        quota,
        quotas,
        archive,
        policy,
        policies,
    })
}

/// Data as the store's: a directory is taken from the data's own.
pub(super) fn located(url: &str, data_dir: &Path) -> String {
    match url.contains("://") {
        true => url.to_owned(),
        false => data_dir.join(url).to_string_lossy().into_owned(),
    }
}

/// A tenant and what holds for it, each text; no tenant twice.
fn of_tenants<T>(
    settings: &Settings,
    key: &'static str,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<BTreeMap<Tenant, T>, ConfigError> {
    let mut found = BTreeMap::new();
    for text in settings.parsed_list::<String>(key, "a text is needed")? {
        let (name, rest) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
        let tenant = Tenant::parse(name).map_err(|fault| settings.fault(key, fault))?;
        let value = read(rest.trim()).map_err(|fault| settings.fault(key, format!("{name}: {fault}")))?;
        if found.insert(tenant, value).is_some() {
            return Err(settings.fault(key, format!("{name} stands there twice")));
        }
    }
    Ok(found)
}
