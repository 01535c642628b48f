//! The settings file.

use std::collections::BTreeMap;
use std::path::Path;

use clap::Id;
use config::{FileFormat, Source as _, Value, ValueKind};

use super::SettingsError;

/// The file's settings by key, tables flattened.
pub(super) struct FileSettings(BTreeMap<String, Vec<String>>);

impl FileSettings {
    /// Reads a TOML file.
    pub(super) fn read(path: &Path) -> Result<Self, SettingsError> {
        let wrong = |reason: String| SettingsError::File { file: path.to_owned(), reason };
        // Read here and not by the library, whose error for a missing file names neither it nor the reason.
        let text = std::fs::read_to_string(path).map_err(|err| wrong(err.to_string()))?;
        let values = config::File::from_str(&text, FileFormat::Toml).collect().map_err(|err| wrong(err.to_string()))?;
        let mut settings = BTreeMap::new();
        for (key, value) in values {
            flatten(key, value, &mut settings).map_err(wrong)?;
        }
        Ok(Self(settings))
    }

    /// The values of a key: one, or those of an array.
    pub(super) fn get(&self, key: &str) -> Option<&[String]> {
        self.0.get(key).map(Vec::as_slice)
    }

    /// The keys that are not `known`.
    pub(super) fn unknown(&self, known: &BTreeMap<Id, String>) -> Vec<String> {
        self.0.keys().filter(|key| !known.values().any(|known| known == *key)).cloned().collect()
    }
}

fn flatten(key: String, value: Value, into: &mut BTreeMap<String, Vec<String>>) -> Result<(), String> {
    match value.kind {
        ValueKind::Table(table) => {
            for (name, value) in table {
                flatten(format!("{key}_{name}"), value, into)?;
            }
        }
        ValueKind::Array(values) => {
            let texts = values.into_iter().map(|value| scalar(&key, value)).collect::<Result<_, _>>()?;
            into.insert(key, texts);
        }
        _ => {
            let text = scalar(&key, value)?;
            into.insert(key, vec![text]);
        }
    }
    Ok(())
}

fn scalar(key: &str, value: Value) -> Result<String, String> {
    match value.kind {
        ValueKind::Table(_) | ValueKind::Array(_) | ValueKind::Nil => {
            Err(format!("`{key}` is neither a text, a number, true or false, nor a list of these"))
        }
        _ => value.into_string().map_err(|err| format!("`{key}`: {err}")),
    }
}
