//! The layers, one over the other, each value with its origin.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::Path;
use std::str::FromStr;

use p2p::Multiaddr;

use super::keys::{ENV_OF_OTHERS, ENV_PREFIX, Key};
use super::value::Value;
use super::{ConfigError, Fault, Origin, Setting, Sources};

/// A value for every key.
pub(super) struct Settings(BTreeMap<&'static str, (Value, Origin)>);

impl Settings {
    /// Lays the sources over one another, the strongest last.
    pub(super) fn merge(sources: &Sources) -> Result<Self, ConfigError> {
        let mut settings = Self(BTreeMap::new());
        for key in &Key::ALL {
            settings.put(key, Value::from_text(key.shape, key.default), key.default, Origin::Default)?;
        }
        if let Some((path, text)) = &sources.file {
            let table: toml::Table = text.parse().map_err(|fault: toml::de::Error| ConfigError::Syntax {
                path: path.clone(),
                fault: fault.to_string(),
            })?;
            settings.put_table(path, "", &table)?;
        }
        for (name, value) in &sources.env {
            if !name.starts_with(ENV_PREFIX) || ENV_OF_OTHERS.contains(&name.as_str()) {
                continue;
            }
            let origin = Origin::Env { name: name.clone() };
            match Key::ALL.iter().find(|key| key.env_name() == *name) {
                Some(key) => settings.put_text(key, value, origin)?,
                None => return Err(unknown(&name[ENV_PREFIX.len()..].to_ascii_lowercase(), origin)),
            }
        }
        for (name, value) in &sources.flags {
            match Key::named(name) {
                Some(key) => settings.put_text(key, value, Origin::Flag)?,
                None => return Err(unknown(name, Origin::Flag)),
            }
        }
        Ok(settings)
    }

    fn put_table(&mut self, path: &Path, prefix: &str, table: &toml::Table) -> Result<(), ConfigError> {
        for (name, value) in table {
            let name = format!("{prefix}{name}");
            let origin = Origin::File(path.to_owned());
            match (Key::named(&name), value) {
                (Some(key), value) => {
                    self.put(key, Value::from_toml(key.shape, value), &value.to_string(), origin)?;
                }
                (None, toml::Value::Table(inner)) if is_section(&name) => {
                    self.put_table(path, &format!("{name}."), inner)?;
                }
                (None, _) => return Err(unknown(&name, origin)),
            }
        }
        Ok(())
    }

    fn put_text(&mut self, key: &'static Key, text: &str, origin: Origin) -> Result<(), ConfigError> {
        self.put(key, Value::from_text(key.shape, text), text, origin)
    }

    fn put(
        &mut self,
        key: &'static Key,
        value: Result<Value, Fault>,
        written: &str,
        origin: Origin,
    ) -> Result<(), ConfigError> {
        match value {
            Ok(value) => {
                self.0.insert(key.name, (value, origin));
                Ok(())
            }
            Err(fault) => Err(ConfigError::Value { key: key.name, value: written.to_owned(), origin, fault }),
        }
    }

    fn get(&self, key: &'static str) -> &(Value, Origin) {
        self.0.get(key).expect("every key of the table has a default")
    }

    /// The refusal of a value that has the right shape.
    pub(super) fn fault(&self, key: &'static str, fault: impl Display) -> ConfigError {
        let (value, origin) = self.get(key);
        ConfigError::Value { key, value: value.to_toml(), origin: origin.clone(), fault: fault.to_string() }
    }

    /// A text; none when empty.
    pub(super) fn text(&self, key: &'static str) -> Result<Option<String>, ConfigError> {
        match &self.get(key).0 {
            Value::Text(text) if text.is_empty() => Ok(None),
            Value::Text(text) => Ok(Some(text.clone())),
            Value::Number(_) | Value::Flag(_) | Value::List(_) | Value::Peers(_) => {
                Err(self.fault(key, "a text is needed"))
            }
        }
    }

    /// A number.
    pub(super) fn number(&self, key: &'static str) -> Result<u64, ConfigError> {
        match &self.get(key).0 {
            Value::Number(number) => Ok(*number),
            Value::Text(_) | Value::Flag(_) | Value::List(_) | Value::Peers(_) => {
                Err(self.fault(key, "a whole number is needed"))
            }
        }
    }

    /// A number that counts things in memory.
    pub(super) fn size(&self, key: &'static str) -> Result<usize, ConfigError> {
        usize::try_from(self.number(key)?).map_err(|fault| self.fault(key, fault))
    }

    /// True or false.
    pub(super) fn flag(&self, key: &'static str) -> Result<bool, ConfigError> {
        match &self.get(key).0 {
            Value::Flag(flag) => Ok(*flag),
            Value::Text(_) | Value::Number(_) | Value::List(_) | Value::Peers(_) => {
                Err(self.fault(key, "true or false is needed"))
            }
        }
    }

    /// A text that stands for something; `needed` says what.
    pub(super) fn parsed<T: FromStr>(&self, key: &'static str, needed: &str) -> Result<T, ConfigError> {
        let text = self.text(key)?.unwrap_or_default();
        text.parse().map_err(|_| self.fault(key, format!("{text:?}: {needed}")))
    }

    /// As `parsed`, of each text of a list.
    pub(super) fn parsed_list<T: FromStr>(
        &self,
        key: &'static str,
        needed: &str,
    ) -> Result<Vec<T>, ConfigError> {
        match &self.get(key).0 {
            Value::List(items) => self.parse_all(key, items, needed),
            Value::Text(_) | Value::Number(_) | Value::Flag(_) | Value::Peers(_) => {
                Err(self.fault(key, "a list is needed"))
            }
        }
    }

    /// Names with their addresses.
    pub(super) fn peers(&self, key: &'static str) -> Result<BTreeMap<String, Vec<Multiaddr>>, ConfigError> {
        match &self.get(key).0 {
            Value::Peers(peers) => peers
                .iter()
                .map(|(name, items)| Ok((name.clone(), self.parse_all(key, items, "not a multiaddress")?)))
                .collect(),
            Value::Text(_) | Value::Number(_) | Value::Flag(_) | Value::List(_) => {
                Err(self.fault(key, "names with addresses are needed"))
            }
        }
    }

    fn parse_all<T: FromStr>(
        &self,
        key: &'static str,
        items: &[String],
        needed: &str,
    ) -> Result<Vec<T>, ConfigError> {
        let parse = |item: &String| item.parse().map_err(|_| self.fault(key, format!("{item:?}: {needed}")));
        items.iter().map(parse).collect()
    }

    /// Refuses a part that is larger than the whole.
    pub(super) fn at_most(
        &self,
        part: &'static str,
        part_is: u64,
        whole: &str,
        whole_is: u64,
    ) -> Result<(), ConfigError> {
        match part_is <= whole_is {
            true => Ok(()),
            false => Err(self.fault(part, format!("more than {whole}, which is {whole_is}"))),
        }
    }

    /// Every key with its value in force, in the table's order.
    pub(super) fn effective(&self) -> Vec<Setting> {
        let setting = |key: &Key| {
            let (value, origin) = self.get(key.name);
            Setting { key: key.name, value: value.to_toml(), origin: origin.clone() }
        };
        Key::ALL.iter().map(setting).collect()
    }
}

/// Whether keys begin with this name and a dot.
fn is_section(name: &str) -> bool {
    Key::ALL.iter().any(|key| key.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
}

fn unknown(name: &str, origin: Origin) -> ConfigError {
    // A variable's name does not tell a dot from an underscore.
    let spelled = match &origin {
        Origin::Env { .. } => Key::ALL.iter().map(|key| key.name).find(|key| key.replace('.', "_") == name),
        Origin::Default | Origin::File(_) | Origin::Flag => None,
    };
    ConfigError::UnknownKey { key: name.to_owned(), near: spelled.or_else(|| Key::near(name)), origin }
}
