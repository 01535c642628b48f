#![allow(clippy::unwrap_used)]
use super::*;

fn config() -> PasswordConfig {
    PasswordConfig { memory_kib: 64, passes: 1, ..PasswordConfig::default() }
}

fn secret(text: &str) -> Secret {
    Secret::new(text)
}

async fn hashed(hasher: &Hasher, text: &str) -> String {
    hasher.hash_new("password", secret(text), "alice".into()).await.unwrap()
}

#[tokio::test]
async fn a_hash_is_argon2id_with_the_parameters_in_it() {
    let hasher = Hasher::new(&PasswordConfig::default()).unwrap();
    let hash = hashed(&hasher, "tea-at-four-oclock").await;
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
}

#[tokio::test]
async fn the_whole_password_counts() {
    let hasher = Hasher::new(&config()).unwrap();
    let long = "ab3-".repeat(64);
    let hash = hashed(&hasher, &long).await;
    let cut = secret(&long[..255]);
    assert_eq!(hasher.verify(cut, Some(hash.clone())).await.unwrap(), Verdict::Wrong);
    assert_eq!(hasher.verify(secret(&long), Some(hash)).await.unwrap(), Verdict::Right { rehashed: None });
}

#[tokio::test]
async fn nobody_costs_as_many_hashes_as_somebody_and_is_never_right() {
    let hasher = Hasher::new(&config()).unwrap();
    let hash = hashed(&hasher, "tea-at-four-oclock").await;
    let before = hasher.computed();
    assert_eq!(hasher.verify(secret("wrong"), Some(hash)).await.unwrap(), Verdict::Wrong);
    let somebody = hasher.computed() - before;
    assert_eq!(hasher.verify(secret("wrong"), None).await.unwrap(), Verdict::Wrong);
    assert_eq!(hasher.computed() - before, 2 * somebody);
}

#[tokio::test]
async fn a_hash_of_other_parameters_is_renewed_when_the_password_is_right() {
    let old = Hasher::new(&config()).unwrap();
    let new = Hasher::new(&PasswordConfig { memory_kib: 128, ..config() }).unwrap();
    let hash = hashed(&old, "tea-at-four-oclock").await;
    assert_eq!(new.verify(secret("wrong"), Some(hash.clone())).await.unwrap(), Verdict::Wrong);
    let verdict = new.verify(secret("tea-at-four-oclock"), Some(hash)).await.unwrap();
    let Verdict::Right { rehashed: Some(renewed) } = verdict else { panic!("{verdict:?}") };
    assert!(renewed.contains("m=128"), "{renewed}");
    let again = new.verify(secret("tea-at-four-oclock"), Some(renewed)).await.unwrap();
    assert_eq!(again, Verdict::Right { rehashed: None });
}

#[tokio::test]
async fn an_imported_hash_is_renewed_as_argon2id_when_the_password_is_right() {
    let hasher = Hasher::new(&config()).unwrap();
    let hash = bcrypt::hash("short", 4).unwrap();
    assert_eq!(hasher.verify(secret("wrong"), Some(hash.clone())).await.unwrap(), Verdict::Wrong);
    let verdict = hasher.verify(secret("short"), Some(hash)).await.unwrap();
    let Verdict::Right { rehashed: Some(renewed) } = verdict else { panic!("{verdict:?}") };
    assert!(renewed.starts_with("$argon2id$"), "{renewed}");
    let again = hasher.verify(secret("short"), Some(renewed)).await.unwrap();
    assert_eq!(again, Verdict::Right { rehashed: None });
}

#[tokio::test]
async fn once_an_imported_hash_was_met_nobody_an_imported_account_and_another_cost_the_same_to_refuse() {
    let hasher = Hasher::new(&config()).unwrap();
    let own = hashed(&hasher, "tea-at-four-oclock").await;
    let (light, heavy) = (bcrypt::hash("tea", 4).unwrap(), bcrypt::hash("tea", 5).unwrap());
    let refuse = async |hash: Option<String>| {
        let before = hasher.computed();
        assert_eq!(hasher.verify(secret("wrong"), hash).await.unwrap(), Verdict::Wrong);
        hasher.computed() - before
    };
    assert_eq!(refuse(None).await, 1, "who imported nothing pays for nothing");
    refuse(Some(heavy.clone())).await;
    for hash in [None, Some(own), Some(light), Some(heavy)] {
        assert_eq!(refuse(hash).await, 2);
    }
}

#[tokio::test]
async fn who_comes_when_the_line_is_full_is_told_so() {
    let hasher = Hasher::new(&PasswordConfig { parallelism: 1, queue: 1, ..config() }).unwrap();
    let held = hasher.0.running.clone().acquire_owned().await.unwrap();
    let mut waiting: Vec<_> = (0..2).map(|_| Box::pin(hasher.verify(secret("x"), None))).collect();
    for future in &mut waiting {
        assert!(futures::poll!(future).is_pending());
    }
    assert!(matches!(hasher.verify(secret("x"), None).await, Err(HashError::Busy)));
    drop(held);
    for future in waiting {
        assert_eq!(future.await.unwrap(), Verdict::Wrong);
    }
    assert_eq!(hasher.verify(secret("x"), None).await.unwrap(), Verdict::Wrong, "the line moves on");
}

#[tokio::test]
async fn no_more_hashes_run_at_once_than_allowed() {
    let hasher = Hasher::new(&PasswordConfig { parallelism: 2, queue: 20, ..config() }).unwrap();
    let most = Arc::new(AtomicU64::new(0));
    let now = Arc::new(AtomicU64::new(0));
    let jobs = (0..12).map(|_| {
        let (most, now) = (most.clone(), now.clone());
        hasher.run(move |inner| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            inner.hash(&secret("x"))?;
            now.fetch_sub(1, Ordering::SeqCst);
            Ok(())
        })
    });
    futures::future::try_join_all(jobs).await.unwrap();
    assert!(most.load(Ordering::SeqCst) <= 2);
}
