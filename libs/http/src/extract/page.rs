//! The query of every list.

use chatapp_types::limits::{PAGE_DEFAULT, PAGE_MAX};
use chatapp_types::names::INVALID_MARK;
use chatapp_types::{Cursor, ErrorCode, Problem};
use serde::de::{DeserializeOwned, Error, Visitor};
use serde::{Deserialize, Deserializer};

/// Where a page begins and how long it is. May be flattened into the query of a list that has filters too.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// `next_cursor` of the page before; without it the first page.
    #[serde(default)]
    #[param(value_type = Option<String>, required = false, max_length = 1024)]
    pub cursor: Option<Cursor>,
    /// Items of the page at most.
    #[serde(default, deserialize_with = "page_limit")]
    #[param(required = false, minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
}

impl PageQuery {
    /// Items of the page: what was asked for, or [`PAGE_DEFAULT`]; always within `1..=PAGE_MAX`.
    pub fn limit(&self) -> u32 {
        self.limit.unwrap_or(PAGE_DEFAULT).clamp(1, PAGE_MAX)
    }

    /// The key within the cursor, if there is one; 400 `bad_cursor` for a cursor of another list.
    pub fn after<K: DeserializeOwned>(&self) -> Result<Option<K>, Problem> {
        self.cursor.as_ref().map(Cursor::decode).transpose().map_err(|_| ErrorCode::BadCursor.into())
    }
}

/// A number of items, from a query string (where a flattened value is text) or from JSON. Out of range is 422.
fn page_limit<'de, D: Deserializer<'de>>(d: D) -> Result<Option<u32>, D::Error> {
    struct Limit;

    impl Visitor<'_> for Limit {
        type Value = Option<u32>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a number of items")
        }

        fn visit_u64<E: Error>(self, n: u64) -> Result<Self::Value, E> {
            u32::try_from(n)
                .ok()
                .filter(|n| (1..=PAGE_MAX).contains(n))
                .map(Some)
                .ok_or_else(|| E::custom(format_args!("{INVALID_MARK}limit|out_of_range|from 1 to {PAGE_MAX}")))
        }

        fn visit_i64<E: Error>(self, n: i64) -> Result<Self::Value, E> {
            self.visit_u64(u64::try_from(n).unwrap_or(0))
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
            match text.parse::<i64>() {
                Ok(n) => self.visit_i64(n),
                Err(_) => Err(E::custom("limit: not a number")),
            }
        }
    }

    d.deserialize_any(Limit)
}
