//! The migrations that are compiled in, and how they compare with those that a database has had.

use std::collections::BTreeMap;

use include_dir::{Dir, include_dir};

use super::{MigrationError, SCHEMAS};

static SQLITE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../sql/sqlite");
static MSSQL: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../sql/mssql");

/// Whose language the files are in.
#[derive(Clone, Copy, Debug)]
pub(super) enum Dialect {
    Sqlite,
    Mssql,
}

pub(super) struct Migration {
    pub(super) schema: &'static str,
    pub(super) number: i64,
    pub(super) name: String,
    pub(super) sql: &'static str,
    pub(super) checksum: Vec<u8>,
}

/// Applied migrations by schema and number: name and checksum.
pub(super) type History = BTreeMap<(String, i64), (String, Vec<u8>)>;

impl Dialect {
    fn dir(self) -> &'static Dir<'static> {
        match self {
            Self::Sqlite => &SQLITE,
            Self::Mssql => &MSSQL,
        }
    }

    /// The file of that name beside the schemas' directories.
    pub(super) fn file(self, name: &str) -> &'static str {
        self.dir().get_file(name).and_then(include_dir::File::contents_utf8).unwrap_or_default()
    }

    pub(super) fn compiled_in(self) -> Vec<Migration> {
        let mut all = Vec::new();
        for schema in SCHEMAS {
            let Some(dir) = self.dir().get_dir(schema) else { continue };
            let mut files: Vec<_> = dir.files().filter(|f| f.path().extension().is_some_and(|e| e == "sql")).collect();
            files.sort_by_key(|f| f.path());
            for file in files {
                let stem = file.path().file_stem().and_then(|s| s.to_str()).unwrap_or_default();
                let number = stem.split('_').next().and_then(|n| n.parse().ok()).unwrap_or_default();
                let sql = file.contents_utf8().unwrap_or_default();
                let checksum = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, sql.as_bytes()).as_ref().to_vec();
                all.push(Migration { schema, number, name: format!("{schema}/{stem}"), sql, checksum });
            }
        }
        all
    }

    /// The migrations that `history` lacks; an error where the two disagree.
    pub(super) fn missing(self, history: &History) -> Result<Vec<Migration>, MigrationError> {
        let mut unknown = history.clone();
        let mut pending = Vec::new();
        for migration in self.compiled_in() {
            match unknown.remove(&(migration.schema.to_owned(), migration.number)) {
                Some((_, checksum)) if checksum == migration.checksum => {}
                Some(_) => return Err(MigrationError::Changed(migration.name)),
                None => pending.push(migration),
            }
        }
        match unknown.into_values().next() {
            Some((name, _)) => Err(MigrationError::Newer(name)),
            None => Ok(pending),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_dialects_have_the_same_migrations() {
        let names = |dialect: Dialect| dialect.compiled_in().into_iter().map(|m| m.name).collect::<Vec<_>>();
        assert_eq!(names(Dialect::Mssql), names(Dialect::Sqlite));
    }
}
