//! Configuration: defaults, then a file, then the environment, then flags. Keys that nobody knows are refused, all at once, with the
//! place they came from.

use serde::{Deserialize, de::DeserializeOwned};
use std::{fmt, path::Path};
use toml::{Table, Value};

/// Environment variables of ours begin so; `XINQIAO__GATEWAY__LISTEN` is `gateway.listen`.
pub const ENV_PREFIX: &str = "XINQIAO__";

/// Everything that is wrong with a configuration.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigError(pub Vec<String>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for ConfigError {}

/// A text that is never printed.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether nothing was given.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "(none)" } else { "(secret)" })
    }
}

/// Reads a configuration.
///
/// `defaults` is a TOML text that holds every key there is; it decides which keys and types are known. `flags` holds what the command
/// line said, already nested.
///
/// # Errors
/// Every unknown key and wrong type of file, environment and flags; or that the file cannot be read.
pub fn load<T: DeserializeOwned>(
    defaults: &str,
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
    flags: Table,
) -> Result<T, ConfigError> {
    let one = |complaint: String| ConfigError(vec![complaint]);
    let mut known: Table = toml::from_str(defaults).map_err(|e| one(format!("defaults: {e}")))?;
    let mut complaints = Vec::new();
    if let Some(path) = file {
        let text = std::fs::read_to_string(path).map_err(|e| one(format!("{}: {e}", path.display())))?;
        let table: Table =
            toml::from_str(&text).map_err(|e| one(format!("{}: {}", path.display(), e.message())))?;
        overlay(&mut known, table, "", &path.display().to_string(), &mut complaints);
    }
    for (name, text) in environment {
        if let Some(path) = name.strip_prefix(ENV_PREFIX) {
            let path: Vec<String> = path.split("__").map(str::to_ascii_lowercase).collect();
            match nest(&known, &path, &text) {
                Ok(table) => overlay(&mut known, table, "", &name, &mut complaints),
                Err(complaint) => complaints.push(format!("{name}: {complaint}")),
            }
        }
    }
    overlay(&mut known, flags, "", "command line", &mut complaints);
    if !complaints.is_empty() {
        return Err(ConfigError(complaints));
    }
    // The message alone: the rendered source line could hold a secret.
    known.try_into().map_err(|e: toml::de::Error| one(e.message().to_owned()))
}

/// Lays `over` onto `under`, noting keys that `under` lacks and types that differ.
fn overlay(under: &mut Table, over: Table, path: &str, source: &str, complaints: &mut Vec<String>) {
    for (key, value) in over {
        let full = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match (under.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => {
                overlay(below, above, &full, source, complaints)
            }
            (Some(below), value) if same_kind(below, &value) => *below = value,
            (Some(Value::Float(below)), Value::Integer(whole)) => *below = whole as f64,
            (Some(below), value) => {
                complaints.push(format!("{source}: {full} takes {}, not {}", kind(below), kind(&value)));
            }
            (None, _) => complaints.push(format!("{source}: unknown key {full}")),
        }
    }
}

fn same_kind(a: &Value, b: &Value) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a time",
        Value::Array(_) => "a list",
        Value::Table(_) => "a section",
    }
}

/// `a.b` with a text from the environment, read as what the defaults hold there.
fn nest(known: &Table, path: &[String], text: &str) -> Result<Table, String> {
    let (first, rest) = path.split_first().ok_or("names no key")?;
    let value = match (known.get(first), rest) {
        (Some(Value::Table(below)), [_, ..]) => Value::Table(nest(below, rest, text)?),
        (Some(Value::Table(_)), []) => return Err(format!("{first} is a section")),
        (_, [_, ..]) | (None, []) => return Err(format!("unknown key {}", path.join("."))),
        (Some(Value::String(_)), []) => Value::String(text.to_owned()),
        (Some(other), []) => {
            let parsed: Result<Table, _> = toml::from_str(&format!("x = {text}"));
            let value = parsed.ok().and_then(|mut table| table.remove("x"));
            value.ok_or_else(|| format!("takes {}", kind(other)))?
        }
    };
    Ok(Table::from_iter([(first.clone(), value)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULTS: &str = "name = 'x'\nratio = 0.5\n[gateway]\nlisten = '127.0.0.1:8080'\nworkers = 2\n";

    #[derive(Debug, Deserialize, PartialEq)]
    struct All {
        name: Secret,
        ratio: f64,
        gateway: Gateway,
    }
    #[derive(Debug, Deserialize, PartialEq)]
    struct Gateway {
        listen: String,
        workers: u16,
    }

    fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    }

    #[test]
    fn later_sources_win() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("c.toml");
        std::fs::write(&file, "name = 'file'\nratio = 1\n[gateway]\nworkers = 3\nlisten = 'file'\n").unwrap();
        let flags = toml::from_str("[gateway]\nlisten = 'flag'\n").unwrap();
        let vars =
            env(&[("XINQIAO__GATEWAY__WORKERS", "4"), ("XINQIAO__GATEWAY__LISTEN", "env"), ("PATH", "x")]);
        let all: All = load(DEFAULTS, Some(&file), vars, flags).unwrap();
        assert_eq!((all.name.expose(), all.ratio), ("file", 1.0));
        assert_eq!(all.gateway, Gateway { listen: "flag".into(), workers: 4 });
        assert_eq!(format!("{:?}", all.name), "(secret)");
    }

    #[test]
    fn every_unknown_key_and_wrong_type_is_named_at_once() {
        let flags = toml::from_str("nmae = 'x'\n[gateway]\nworkers = 'two'\nport = 1\n").unwrap();
        let vars =
            env(&[("XINQIAO__GATEWAY__WROKERS", "4"), ("XINQIAO__GATEWAY", "4"), ("XINQIAO__RATIO", "much")]);
        let complaints = load::<All>(DEFAULTS, None, vars, flags).unwrap_err().0;
        assert_eq!(complaints.len(), 6, "{complaints:?}");
        assert!(complaints.iter().any(|c| c == "command line: unknown key nmae"));
        assert!(
            complaints.iter().any(|c| c == "command line: gateway.workers takes a whole number, not a text")
        );
    }
}
