//! `quorate config show`: what a node's configuration says, and where each value comes from.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use node::config::{Config, ConfigError, Key, Origin, Setting, Sources};
use serde::Serialize;

use crate::exit::{Exit, Failure};
use crate::output::{Output, Tone};

/// Commands of `config`.
#[derive(Subcommand, Debug)]
pub enum ConfigCommand {
    /// Show the values that are set, or with --effective all in force
    Show(Show),
}

/// Flags of `config show`.
#[derive(Args, Debug)]
pub struct Show {
    /// The node's directory
    #[arg(long, env = "QUORATE_DIR", default_value = ".", value_name = "DIR")]
    dir: PathBuf,
    /// Also show defaults
    #[arg(long)]
    effective: bool,
    /// A value of the command line, as node start takes it
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    set: Vec<(String, String)>,
}

/// Reads `key=value`.
///
/// # Errors
/// What is expected, in words.
pub fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| format!("{text:?} is not KEY=VALUE"))?;
    Ok((key.to_owned(), value.to_owned()))
}

/// Loads a node's configuration: flags over the environment over the file over defaults.
///
/// # Errors
/// `Usage`, naming the key and its origin.
pub fn load(dir: &std::path::Path, flags: Vec<(String, String)>) -> Result<Config, Failure> {
    let sources = Sources::of_node(dir, flags).map_err(unloaded)?;
    Config::load(dir, &sources).map_err(unloaded)
}

/// Says why there is no configuration, and what the key is for, or which keys there are.
fn unloaded(fault: ConfigError) -> Failure {
    let failure = Failure::usage(&fault);
    match fault {
        ConfigError::Io { .. } | ConfigError::Syntax { .. } => failure,
        ConfigError::UnknownKey { .. } => {
            let names: Vec<&str> = Key::ALL.iter().map(|key| key.name).collect();
            failure.hint(format_args!("the keys are {}", names.join(", ")))
        }
        ConfigError::Value { key: name, .. } => match Key::ALL.iter().find(|key| key.name == name) {
            Some(key) => failure.hint(format_args!("{name}: {}", key.about)),
            None => failure,
        },
    }
}

#[derive(Serialize)]
struct Settings {
    settings: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    key: &'static str,
    value: String,
    origin: String,
}

/// Runs a command of `config`.
pub fn run(command: &ConfigCommand, output: &Output) -> Result<Exit, Failure> {
    let ConfigCommand::Show(args) = command;
    let config = load(&args.dir, args.set.clone())?;
    let shown = |setting: &&Setting| match setting.origin {
        Origin::Default => args.effective,
        Origin::File(_) | Origin::Env { .. } | Origin::Flag => true,
    };
    let lines = config.effective().iter().filter(shown).map(|setting| Line {
        key: setting.key,
        value: setting.value.clone(),
        origin: setting.origin.to_string(),
    });
    let settings = Settings { settings: lines.collect() };
    if output.is_json() {
        output.json(&settings);
        return Ok(Exit::Ok);
    }
    if settings.settings.is_empty() {
        output.note("nothing is set; --effective shows the defaults");
    }
    for Line { key, value, origin } in &settings.settings {
        let origin = output.paint(Tone::Faint, &format!("# {origin}"));
        output.line(format_args!("{:44} {origin}", format!("{key} = {value}")));
    }
    Ok(Exit::Ok)
}
