//! One value of a setting: the same from TOML and from text.

use std::collections::BTreeMap;

/// What kind of value a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Text.
    Text,
    /// A whole number between two bounds.
    Number { min: u64, max: u64 },
    /// True or false.
    Flag,
    /// Texts; in the environment with commas between them.
    List,
    /// Names, each with a list of texts; in the environment `name=text`, with commas between them.
    Peers,
}

/// A value of one of the shapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Number(u64),
    Flag(bool),
    List(Vec<String>),
    Peers(BTreeMap<String, Vec<String>>),
}

/// What is wrong with a value, in words.
pub(super) type Fault = String;

impl Value {
    /// Reads a value as it is written in the environment or on the command line.
    pub(super) fn from_text(shape: Shape, text: &str) -> Result<Self, Fault> {
        let items = || text.split(',').map(str::trim).filter(|item| !item.is_empty());
        match shape {
            Shape::Text => Ok(Self::Text(text.to_owned())),
            Shape::Number { .. } => {
                let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                let number = text.parse().ok().filter(|_| digits).ok_or("a whole number is needed")?;
                Self::bounded(shape, number)
            }
            Shape::Flag => match text {
                "true" => Ok(Self::Flag(true)),
                "false" => Ok(Self::Flag(false)),
                _ => Err("true or false is needed".to_owned()),
            },
            Shape::List => Ok(Self::List(items().map(str::to_owned).collect())),
            Shape::Peers => {
                let mut peers: BTreeMap<_, Vec<_>> = BTreeMap::new();
                for item in items() {
                    let (name, address) = item.split_once('=').ok_or("name=address is needed")?;
                    peers.entry(name.trim().to_owned()).or_default().push(address.trim().to_owned());
                }
                Ok(Self::Peers(peers))
            }
        }
    }

    /// Reads a value from the file.
    pub(super) fn from_toml(shape: Shape, value: &toml::Value) -> Result<Self, Fault> {
        match shape {
            Shape::Text => Ok(Self::Text(value.as_str().ok_or("a text is needed")?.to_owned())),
            Shape::Number { .. } => {
                let number = value.as_integer().and_then(|number| u64::try_from(number).ok());
                Self::bounded(shape, number.ok_or("a whole number is needed")?)
            }
            Shape::Flag => Ok(Self::Flag(value.as_bool().ok_or("true or false is needed")?)),
            Shape::List => Ok(Self::List(texts(value)?)),
            Shape::Peers => {
                let table = value.as_table().ok_or("a table is needed: name = [addresses]")?;
                table
                    .iter()
                    .map(|(name, list)| Ok((name.clone(), texts(list)?)))
                    .collect::<Result<_, Fault>>()
                    .map(Self::Peers)
            }
        }
    }

    fn bounded(shape: Shape, number: u64) -> Result<Self, Fault> {
        match shape {
            Shape::Number { min, max } if number < min || number > max => {
                Err(format!("between {min} and {max} is needed"))
            }
            Shape::Number { .. } | Shape::Text | Shape::Flag | Shape::List | Shape::Peers => {
                Ok(Self::Number(number))
            }
        }
    }

    /// The value as TOML.
    pub(super) fn to_toml(&self) -> String {
        let list = |items: &[String]| toml::Value::from(items.to_vec());
        match self {
            Self::Text(text) => toml::Value::from(text.as_str()).to_string(),
            Self::Number(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
            Self::List(items) => list(items).to_string(),
            Self::Peers(peers) => {
                let table: toml::Table =
                    peers.iter().map(|(name, items)| (name.clone(), list(items))).collect();
                toml::Value::Table(table).to_string()
            }
        }
    }
}

fn texts(value: &toml::Value) -> Result<Vec<String>, Fault> {
    let fault = || "a list of texts is needed".to_owned();
    let list = value.as_array().ok_or_else(fault)?;
    list.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(fault)).collect()
}
