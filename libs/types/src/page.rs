//! Pages of a list, and the opaque cursor between them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::ToSchema;

/// One page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// Present when there is more: hand it back as `cursor`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<Cursor>,
}

impl<T> Page<T> {
    /// Makes a page from up to `limit + 1` items: the surplus one says that there is more, and `key` of the last
    /// item shown becomes the cursor.
    pub fn from_surplus<K: Serialize>(mut items: Vec<T>, limit: usize, key: impl Fn(&T) -> K) -> Self {
        let more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = if more { items.last().map(|item| Cursor::encode(&key(item))) } else { None };
        Self { items, next_cursor }
    }
}

/// Where a page ended. Opaque to clients: JSON in unpadded base64url, at most [`Cursor::MAX_LEN`] characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String)]
pub struct Cursor(String);

/// A cursor that this server did not make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor of this list")]
pub struct BadCursor;

impl Cursor {
    /// Longer ones are refused unread.
    pub const MAX_LEN: usize = 1024;

    /// Wraps a key. Keys are small structs or tuples of ours; one that cannot be JSON makes an empty cursor, which
    /// decodes to an error.
    pub fn encode<K: Serialize>(key: &K) -> Self {
        Self(URL_SAFE_NO_PAD.encode(serde_json::to_vec(key).unwrap_or_default()))
    }

    /// The key within, or [`BadCursor`] for anything else than what [`Cursor::encode`] made of the same type.
    pub fn decode<K: DeserializeOwned>(&self) -> Result<K, BadCursor> {
        if self.0.len() > Self::MAX_LEN {
            return Err(BadCursor);
        }
        let bytes = URL_SAFE_NO_PAD.decode(&self.0).map_err(|_| BadCursor)?;
        serde_json::from_slice(&bytes).map_err(|_| BadCursor)
    }

    /// The text, as it stands in a query string.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Cursor {
    fn from(text: String) -> Self {
        Self(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_gives_back_its_key(name in ".{0,64}", n in any::<i64>()) {
            let cursor = Cursor::encode(&(name.clone(), n));
            prop_assert_eq!(cursor.decode::<(String, i64)>(), Ok((name, n)));
        }

        #[test]
        fn any_text_is_a_key_or_an_error_and_never_a_panic(text in ".{0,2000}") {
            let _ = Cursor::from(text).decode::<(String, i64)>();
        }
    }

    #[test]
    fn a_page_has_a_cursor_only_when_there_is_more() {
        let full = Page::from_surplus(vec![1, 2, 3], 2, |n| *n);
        assert_eq!(full.items, [1, 2]);
        assert_eq!(full.next_cursor.expect("more").decode::<i32>(), Ok(2));
        assert_eq!(Page::from_surplus(vec![1, 2], 2, |n| *n).next_cursor, None);
    }
}
