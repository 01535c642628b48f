//! S5: refresh tokens.

use axum::http::StatusCode;
use chatapp_db::{Database, DbError};
use futures::future::join_all;

use super::scene::{Scene, claims};

#[tokio::test]
async fn each_refresh_gives_another_token_of_the_same_session() {
    let scene = Scene::new().await;
    let first = scene.register("alice").await;
    scene.wait(300);
    let second = scene.refresh(&first.refresh).await.expect(StatusCode::OK).logged_in();
    assert_ne!(second.refresh, first.refresh);
    assert_ne!(second.access, first.access);
    assert_eq!(second.session(), first.session());
    assert_eq!(claims(&second.access)["exp"], scene.now().seconds() + 600);
    assert!(scene.admits(&second.access).await);
}

#[tokio::test]
async fn for_thirty_seconds_the_superseded_token_gives_the_same_successor() {
    let scene = Scene::new().await;
    let first = scene.register("alice").await;
    let answers = join_all((0..5).map(|_| scene.refresh(&first.refresh))).await;
    let successors: Vec<_> = answers.iter().map(|answer| answer.logged_in().refresh).collect();
    assert!(successors.iter().all(|token| *token == successors[0]));
    scene.wait(30);
    assert_eq!(scene.refresh(&first.refresh).await.expect(StatusCode::OK).logged_in().refresh, successors[0]);
    scene.refresh(&successors[0]).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn later_reuse_ends_the_session_and_says_so() {
    let scene = Scene::new().await;
    let first = scene.register("alice").await;
    let elsewhere = scene.enter("alice").await;
    let second = scene.refresh(&first.refresh).await.expect(StatusCode::OK).logged_in();
    let mut ended = scene.revocations.subscribe();
    scene.wait(31);
    scene.refresh(&first.refresh).await.refused(401, "invalid_refresh_token");
    assert_eq!(ended.try_recv(), Ok(first.session()));
    scene.refresh(&second.refresh).await.refused(401, "invalid_refresh_token");
    scene.get("/v1/users/me").bearer(&second.access).send().await.refused(401, "session_revoked");
    assert!(scene.admits(&elsewhere.access).await, "other log-ins are not touched");
}

#[tokio::test]
async fn a_token_superseded_many_times_is_still_known_for_reused() {
    let scene = Scene::new().await;
    let first = scene.register("alice").await;
    let mut last = first.clone();
    for _ in 0..20 {
        scene.wait(600);
        last = scene.refresh(&last.refresh).await.expect(StatusCode::OK).logged_in();
    }
    scene.refresh(&first.refresh).await.refused(401, "invalid_refresh_token");
    scene.refresh(&last.refresh).await.refused(401, "invalid_refresh_token");
}

#[tokio::test]
async fn a_session_that_is_not_used_runs_out_and_a_used_one_does_not() {
    let scene = Scene::new().await;
    let (unused, mut used) = (scene.register("alice").await, scene.enter("alice").await);
    for _ in 0..3 {
        scene.wait(29 * 86_400);
        used = scene.refresh(&used.refresh).await.expect(StatusCode::OK).logged_in();
    }
    scene.refresh(&unused.refresh).await.refused(401, "invalid_refresh_token");
}

#[tokio::test]
async fn what_is_no_refresh_token_is_refused_and_ends_nothing() {
    let scene = Scene::new().await;
    let user = scene.register("alice").await;
    let mut changed = user.refresh.clone();
    changed.replace_range(30..34, if &changed[30..34] == "AAAA" { "BBBB" } else { "AAAA" });
    for token in ["", "crt_", "x", &user.access, &changed, &"crt_A".repeat(10_000)] {
        scene.refresh(token).await.refused(401, "invalid_refresh_token");
    }
    scene.refresh(&user.refresh).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn no_token_or_password_stands_in_the_database() {
    let scene = Scene::new().await;
    let user = scene.register("alice").await;
    let next = scene.refresh(&user.refresh).await.expect(StatusCode::OK).logged_in();
    let Database::Sqlite(db) = &scene.db else { panic!("not SQLite") };
    db.write(|tx| Ok::<_, DbError>(tx.execute_batch("SELECT 1")?)).await.unwrap();
    let mut bytes = std::fs::read(db.path()).unwrap();
    bytes.extend(std::fs::read(db.path().with_extension("db-wal")).unwrap_or_default());
    let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    assert!(holds(b"alice"), "this looks at the right file");
    let secret_of = |token: &str| {
        use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
        URL_SAFE_NO_PAD.decode(token.trim_start_matches("crt_")).unwrap()[20..52].to_vec()
    };
    for token in [&user.refresh, &next.refresh] {
        assert!(!holds(token.as_bytes()) && !holds(&secret_of(token)));
    }
    assert!(!holds(user.access.as_bytes()));
    assert!(!holds(super::scene::PASSWORD.as_bytes()));
}
