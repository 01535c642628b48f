//! A statement and the values that go with it. Values are never part of the text.

use chatapp_types::{MessageId, RoomId, SendKey, SessionId, Timestamp, UserId};
use uuid::Uuid;

/// A value for a statement. `None` is NULL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Param {
    /// BIGINT; smaller integers too.
    Int(Option<i64>),
    /// BIT.
    Flag(Option<bool>),
    /// UNIQUEIDENTIFIER.
    Id(Option<Uuid>),
    /// NVARCHAR.
    Text(Option<String>),
    /// VARBINARY.
    Bytes(Option<Vec<u8>>),
}

impl Param {
    const fn is_null(&self) -> bool {
        matches!(self, Self::Int(None) | Self::Flag(None) | Self::Id(None) | Self::Text(None) | Self::Bytes(None))
    }
}

/// Statements of one batch, which go to the server in one round trip. Parameters are `@P1`, `@P2`, …, in the order in
/// which they were bound; a batch takes 2,100 at most, and a list of rows 1,000.
#[derive(Clone, Debug, Default)]
pub struct Sql {
    text: String,
    params: Vec<Param>,
}

impl Sql {
    /// A batch with its text complete; bind what `@P1` and so on stand for.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), params: Vec::new() }
    }

    /// Binds the next parameter.
    #[must_use]
    pub fn bind(mut self, value: impl Into<Param>) -> Self {
        self.params.push(value.into());
        self
    }

    /// Adds text.
    pub fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a parameter at the end of the text, and binds it.
    pub fn arg(&mut self, value: impl Into<Param>) -> &mut Self {
        let name = self.hold(value);
        self.text.push_str(&name);
        self
    }

    /// Binds a parameter and returns its name, for use in several places of the text.
    pub fn hold(&mut self, value: impl Into<Param>) -> String {
        self.params.push(value.into());
        format!("@P{}", self.params.len())
    }

    /// Adds `a, b, c`, each a parameter.
    pub fn list<V: Into<Param>>(&mut self, values: impl IntoIterator<Item = V>) -> &mut Self {
        for (n, value) in values.into_iter().enumerate() {
            if n > 0 {
                self.text.push_str(", ");
            }
            self.arg(value);
        }
        self
    }

    /// Adds `(a, b), (c, d)`: the rows of `VALUES`, each value a parameter.
    pub fn rows<const N: usize>(&mut self, rows: impl IntoIterator<Item = [Param; N]>) -> &mut Self {
        for (n, row) in rows.into_iter().enumerate() {
            self.text.push_str(if n > 0 { ", (" } else { "(" });
            self.list(row);
            self.text.push(')');
        }
        self
    }

    /// Adds a batch that is complete in itself; its parameters are numbered on.
    pub fn append(&mut self, other: Self) -> &mut Self {
        let before = self.params.len();
        self.text.push_str(&renamed(&other.text, |number| format!("@P{}", number + before)));
        self.params.extend(other.params);
        self
    }

    /// How many parameters were bound.
    pub fn params(&self) -> usize {
        self.params.len()
    }

    /// The batch as the driver takes it. It sends a NULL without a type, which not every server takes: so NULL is
    /// written where the parameter stands, and the parameter itself is sent as a number that nothing uses.
    pub(super) fn into_query(self) -> tiberius::Query<'static> {
        let text = if self.params.iter().any(Param::is_null) { self.with_nulls() } else { self.text };
        let mut query = tiberius::Query::new(text);
        for param in self.params {
            match param {
                Param::Int(Some(value)) => query.bind(value),
                Param::Flag(Some(value)) => query.bind(value),
                Param::Id(Some(value)) => query.bind(value),
                Param::Text(Some(value)) => query.bind(value),
                Param::Bytes(Some(value)) => query.bind(value),
                Param::Int(None) | Param::Flag(None) | Param::Id(None) | Param::Text(None) | Param::Bytes(None) => {
                    query.bind(0_i32);
                }
            }
        }
        query
    }

    fn with_nulls(&self) -> String {
        let is_null =
            |number: usize| number.checked_sub(1).and_then(|n| self.params.get(n)).is_some_and(Param::is_null);
        renamed(&self.text, |number| if is_null(number) { "NULL".to_owned() } else { format!("@P{number}") })
    }
}

/// The text with another name for each parameter, by its number.
fn renamed(text: &str, name: impl Fn(usize) -> String) -> String {
    let mut renamed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("@P") {
        let digits = rest[at + 2..].bytes().take_while(u8::is_ascii_digit).count();
        let end = at + 2 + digits;
        renamed.push_str(&rest[..at]);
        match rest[at + 2..end].parse() {
            Ok(number) => renamed.push_str(&name(number)),
            Err(_) => renamed.push_str(&rest[at..end]),
        }
        rest = &rest[end..];
    }
    renamed + rest
}

impl From<&str> for Sql {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

macro_rules! param_from {
    ($($type:ty => $variant:ident, |$value:ident| $made:expr;)+) => { $(
        impl From<$type> for Param {
            fn from($value: $type) -> Self {
                Self::$variant(Some($made))
            }
        }
        impl From<Option<$type>> for Param {
            fn from(value: Option<$type>) -> Self {
                Self::$variant(value.map(|$value| $made))
            }
        }
    )+ };
}

param_from! {
    i64 => Int, |n| n;
    i32 => Int, |n| i64::from(n);
    u32 => Int, |n| i64::from(n);
    u64 => Int, |n| i64::try_from(n).unwrap_or(i64::MAX);
    Timestamp => Int, |t| t.millis();
    bool => Flag, |b| b;
    Uuid => Id, |id| id;
    RoomId => Id, |id| id.0;
    UserId => Id, |id| id.0;
    MessageId => Id, |id| id.0;
    SessionId => Id, |id| id.0;
    SendKey => Id, |id| id.0;
    &str => Text, |text| text.to_owned();
    String => Text, |text| text;
    Vec<u8> => Bytes, |bytes| bytes;
    &[u8] => Bytes, |bytes| bytes.to_vec();
    [u8; 32] => Bytes, |bytes| bytes.to_vec();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_null_is_written_where_its_parameter_stands_and_nowhere_else() {
        let mut sql = Sql::new("@P1 @P2 @P22 ").bind(1_i64).bind(None::<&str>);
        sql.push("IN (").list([3_i64, 4]).push(") x").rows([[Param::from(None::<Uuid>), Param::from("a")]]);
        assert_eq!(sql.with_nulls(), "@P1 NULL @P22 IN (@P3, @P4) x(NULL, @P6)");
    }

    #[test]
    fn the_parameters_of_a_batch_that_is_added_are_numbered_on() {
        let mut sql = Sql::new("@P1; ").bind(1_i64);
        sql.append(Sql::new("@P2 @P1 @PX; ").bind("a").bind(None::<i64>)).push("x = ").arg(4_i64);
        assert_eq!((sql.with_nulls().as_str(), sql.params()), ("@P1; NULL @P2 @PX; x = @P4", 4));
    }

    #[test]
    fn what_a_value_holds_is_never_part_of_the_text() {
        let mut sql = Sql::new("SELECT ");
        sql.arg("'; DROP TABLE users --").push(", ").arg(None::<i64>);
        assert_eq!(sql.with_nulls(), "SELECT @P1, NULL");
    }
}
