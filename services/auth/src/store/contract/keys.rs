//! Signing keys.

use futures::future::try_join_all;

use super::{Bench, at};
use crate::store::KeyRow;

pub(in crate::store::contract) fn key(kid: &str, signs_from: i64) -> KeyRow {
    KeyRow {
        kid: kid.into(),
        public_key: vec![1; 32],
        sealed: vec![2; 76],
        created_at: at(0),
        signs_from: at(signs_from),
    }
}

pub(super) async fn of_many_first_keys_one_is_kept(bench: &Bench) {
    let kids: Vec<String> = (0..10).map(|n| n.to_string()).collect();
    let added = try_join_all(kids.iter().map(|kid| bench.store.add_signing_key(key(kid, 5), true))).await.unwrap();
    assert_eq!(added.into_iter().filter(|added| *added).count(), 1);
    assert_eq!(bench.store.signing_keys().await.unwrap().len(), 1);
}

pub(super) async fn keys_come_in_the_order_in_which_they_sign(bench: &Bench) {
    for (kid, signs_from) in [("b", 20), ("c", 10), ("a", 30)] {
        assert!(bench.store.add_signing_key(key(kid, signs_from), false).await.unwrap());
    }
    let keys = bench.store.signing_keys().await.unwrap();
    assert_eq!(keys, [key("c", 10), key("b", 20), key("a", 30)]);
}
