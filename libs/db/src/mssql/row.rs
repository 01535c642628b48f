//! A row, read by position and in our types.

use chatapp_types::Timestamp;
use tiberius::ColumnData;
use uuid::Uuid;

use crate::DbError;

/// A row of an answer. A column of another type than asked for, and a NULL where none is expected, are internal
/// errors. Integers are read whatever their size.
#[derive(Debug)]
pub struct Row(Vec<ColumnData<'static>>);

impl Row {
    pub(super) fn new(row: tiberius::Row) -> Self {
        Self(row.into_iter().collect())
    }

    /// An integer.
    pub fn int(&self, column: usize) -> Result<i64, DbError> {
        self.opt_int(column)?.ok_or_else(|| null(column))
    }

    /// An integer or NULL.
    pub fn opt_int(&self, column: usize) -> Result<Option<i64>, DbError> {
        match self.get(column)? {
            ColumnData::I64(value) => Ok(*value),
            ColumnData::I32(value) => Ok(value.map(i64::from)),
            ColumnData::I16(value) => Ok(value.map(i64::from)),
            ColumnData::U8(value) => Ok(value.map(i64::from)),
            ColumnData::Bit(value) => Ok(value.map(i64::from)),
            other => Err(mistyped(column, "an integer", other)),
        }
    }

    /// A count or number that is never negative.
    pub fn uint(&self, column: usize) -> Result<u64, DbError> {
        Ok(self.int(column)?.unsigned_abs())
    }

    /// A count or number that is never negative, or NULL.
    pub fn opt_uint(&self, column: usize) -> Result<Option<u64>, DbError> {
        Ok(self.opt_int(column)?.map(i64::unsigned_abs))
    }

    /// A time.
    pub fn time(&self, column: usize) -> Result<Timestamp, DbError> {
        self.int(column).map(Timestamp::from_millis)
    }

    /// A time or NULL.
    pub fn opt_time(&self, column: usize) -> Result<Option<Timestamp>, DbError> {
        Ok(self.opt_int(column)?.map(Timestamp::from_millis))
    }

    /// A BIT, or an integer that is 0 or not.
    pub fn flag(&self, column: usize) -> Result<bool, DbError> {
        Ok(self.int(column)? != 0)
    }

    /// An id; wrap it in its type.
    pub fn id(&self, column: usize) -> Result<Uuid, DbError> {
        self.opt_id(column)?.ok_or_else(|| null(column))
    }

    /// An id or NULL.
    pub fn opt_id(&self, column: usize) -> Result<Option<Uuid>, DbError> {
        match self.get(column)? {
            ColumnData::Guid(value) => Ok(*value),
            other if is_null(other) => Ok(None),
            other => Err(mistyped(column, "an id", other)),
        }
    }

    /// A text.
    pub fn text(&self, column: usize) -> Result<String, DbError> {
        self.opt_text(column)?.ok_or_else(|| null(column))
    }

    /// A text or NULL.
    pub fn opt_text(&self, column: usize) -> Result<Option<String>, DbError> {
        match self.get(column)? {
            ColumnData::String(value) => Ok(value.as_ref().map(ToString::to_string)),
            other if is_null(other) => Ok(None),
            other => Err(mistyped(column, "a text", other)),
        }
    }

    /// Bytes.
    pub fn bytes(&self, column: usize) -> Result<Vec<u8>, DbError> {
        self.opt_bytes(column)?.ok_or_else(|| null(column))
    }

    /// Bytes or NULL.
    pub fn opt_bytes(&self, column: usize) -> Result<Option<Vec<u8>>, DbError> {
        match self.get(column)? {
            ColumnData::Binary(value) => Ok(value.as_ref().map(|bytes| bytes.to_vec())),
            other if is_null(other) => Ok(None),
            other => Err(mistyped(column, "bytes", other)),
        }
    }

    /// A SHA-256 or HMAC-SHA-256.
    pub fn hash(&self, column: usize) -> Result<[u8; 32], DbError> {
        self.opt_hash(column)?.ok_or_else(|| null(column))
    }

    /// A SHA-256 or HMAC-SHA-256, or NULL.
    pub fn opt_hash(&self, column: usize) -> Result<Option<[u8; 32]>, DbError> {
        let wrong = |bytes: Vec<u8>| DbError::Internal(format!("column {column} has {} bytes, not 32", bytes.len()));
        self.opt_bytes(column)?.map(|bytes| bytes.try_into().map_err(wrong)).transpose()
    }

    fn get(&self, column: usize) -> Result<&ColumnData<'static>, DbError> {
        self.0.get(column).ok_or_else(|| DbError::Internal(format!("there is no column {column}")))
    }
}

/// A literal NULL has the type of an integer.
const fn is_null(value: &ColumnData<'_>) -> bool {
    matches!(value, ColumnData::I32(None) | ColumnData::I64(None) | ColumnData::Guid(None) | ColumnData::String(None))
}

fn null(column: usize) -> DbError {
    DbError::Internal(format!("column {column} is NULL"))
}

/// Says what was wrong and nothing of the value, which may be a secret.
fn mistyped(column: usize, wanted: &str, found: &ColumnData<'_>) -> DbError {
    let found = match found {
        ColumnData::U8(_) | ColumnData::I16(_) | ColumnData::I32(_) | ColumnData::I64(_) => "an integer",
        ColumnData::Bit(_) => "a bit",
        ColumnData::String(_) => "a text",
        ColumnData::Guid(_) => "an id",
        ColumnData::Binary(_) => "bytes",
        _ => "a value of another type",
    };
    DbError::Internal(format!("column {column} is {found}, not {wanted}"))
}
