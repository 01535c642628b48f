//! Search.

use chatapp_messages::app::delete::Deleter;
use chatapp_messages::app::search::SearchQuery;
use chatapp_messages::error::Refusal;
use chatapp_messages::store::{NewDeletion, NewEdit, NewSearch, SearchKey};
use chatapp_types::messages::SearchHit;
use chatapp_types::{History, Page, UserRef, Visibility};

use crate::world::{Backend, World, body, refusal};

fn search(reader: &UserRef, text: &str) -> NewSearch {
    NewSearch { reader: reader.id, query: SearchQuery::parse(text).unwrap(), room: None, after: None, limit: 50 }
}

fn texts(page: &Page<SearchHit>) -> Vec<&str> {
    page.items.iter().map(|hit| hit.message.body.as_str()).collect()
}

async fn found<B: Backend>(world: &World<B>, reader: &UserRef, text: &str) -> Vec<String> {
    let page = world.store.search(search(reader, text)).await.unwrap();
    texts(&page).into_iter().map(str::to_owned).collect()
}

pub(crate) async fn words_are_found_whatever_their_case_and_accents<B: Backend>() {
    let world = World::<B>::new().await;
    let ann = world.user("ann").await;
    let room = world.room("Café", &ann).await;
    world.post(&room, &ann, "Déjà vu, said the CAT").await;
    world.post(&room, &ann, "the catalogue is in the attic").await;
    for query in ["deja VU", "vu déjà", "dej", "cat said the"] {
        assert_eq!(found(&world, &ann, query).await, ["Déjà vu, said the CAT"], "{query}");
    }
    assert_eq!(found(&world, &ann, "cat").await.len(), 2, "the last word may be a beginning");
    assert_eq!(found(&world, &ann, "cat the").await.len(), 1, "another word may not");
    assert_eq!(found(&world, &ann, "dog").await, Vec::<String>::new());
    let page = world.store.search(search(&ann, "vu")).await.unwrap();
    assert_eq!((page.items[0].room_name.as_str(), page.items[0].message.seq), ("Café", 2));
}

pub(crate) async fn nothing_in_a_query_is_syntax<B: Backend>() {
    let world = World::<B>::new().await;
    let ann = world.user("ann").await;
    let room = world.room("den", &ann).await;
    world.post(&room, &ann, "plain OR words AND x-ray room:1 \"quoted\"").await;
    for query in [
        "\"",
        "\"\"",
        "'",
        "*",
        "(",
        ")",
        "NEAR(",
        "NOT",
        "AND",
        "plain OR words",
        "x-ray",
        "room:1",
        "body : x",
        "^plain",
        "{room body}: x",
        "plain*",
        "-plain",
        "+",
        "!!!",
        "a\"b",
        "\\",
        ";--",
        "\u{1F600}",
        "col:\"x\" NEAR/2",
        "\"quoted",
        "plain \"",
        "plain ***",
    ] {
        let result = world.store.search(search(&ann, query)).await;
        assert!(result.is_ok(), "{query:?}: {result:?}");
    }
    assert_eq!(found(&world, &ann, "x-ray").await.len(), 1);
    assert_eq!(found(&world, &ann, "plain \"").await.len(), 1, "what has no letters asks for nothing");
    assert_eq!(found(&world, &ann, "!!!").await.len(), 0);
    assert_eq!(found(&world, &ann, "plain OR nonsense").await.len(), 0);
}

pub(crate) async fn a_search_stays_within_what_one_may_read<B: Backend>() {
    let world = World::<B>::new().await;
    let (ann, bob) = (world.user("ann").await, world.user("bob").await);
    let open = world.room("open", &ann).await;
    let shy = world.room_with("shy", &ann, Visibility::Public, History::SinceJoin).await;
    let vault = world.room_with("vault", &ann, Visibility::Private, History::Full).await;
    for room in [&open, &shy, &vault] {
        world.post(room, &ann, &format!("needle before in {}", room.name)).await;
    }
    for room in [&open, &shy] {
        world.join(room, &bob).await;
        world.post(room, &ann, &format!("needle after in {}", room.name)).await;
    }
    assert_eq!(
        found(&world, &bob, "needle").await,
        ["needle after in shy", "needle after in open", "needle before in open"]
    );
    let in_room = |room| NewSearch { room: Some(room), ..search(&bob, "needle") };
    assert_eq!(texts(&world.store.search(in_room(shy.id)).await.unwrap()), ["needle after in shy"]);
    assert_eq!(refusal(world.store.search(in_room(vault.id)).await), Refusal::RoomNotFound);
    world.block(&open, &bob).await;
    assert_eq!(found(&world, &bob, "needle").await, ["needle after in shy"]);
    assert_eq!(refusal(world.store.search(in_room(open.id)).await), Refusal::Blocked);
    let nobody = world.user("nobody").await;
    assert_eq!(found(&world, &nobody, "needle").await, Vec::<String>::new());
}

pub(crate) async fn pages_of_finds_stand_still_while_messages_arrive<B: Backend>() {
    let world = World::<B>::new().await;
    let ann = world.user("ann").await;
    let room = world.room("den", &ann).await;
    for n in 0..10 {
        world.post(&room, &ann, &format!("needle {n}")).await;
    }
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = world.store.search(NewSearch { after, limit: 3, ..search(&ann, "needle") }).await.unwrap();
        seen.extend(texts(&page).into_iter().map(str::to_owned));
        world.post(&room, &ann, "needle of later").await;
        match page.next_cursor {
            Some(cursor) => after = Some(SearchKey::decode(&cursor).unwrap()),
            None => break,
        }
    }
    assert_eq!(seen, (0..10).rev().map(|n| format!("needle {n}")).collect::<Vec<_>>());
}

pub(crate) async fn a_search_finds_what_was_acknowledged_just_before<B: Backend>() {
    let world = World::<B>::new().await;
    let ann = world.user("ann").await;
    let room = world.room("den", &ann).await;
    let posts = (0..300).map(|n| {
        let (world, room, ann) = (&world, &room, &ann);
        async move { world.post(room, ann, &format!("needle {n}")).await }
    });
    futures::future::join_all(posts).await;
    let mut all = search(&ann, "needle");
    all.limit = 200;
    let page = world.store.search(all).await.unwrap();
    assert_eq!(page.items.len(), 200);
    assert_eq!(found(&world, &ann, "needle 299").await.len(), 1);
    world.post(&room, &ann, "the last straw").await;
    assert_eq!(found(&world, &ann, "straw").await, ["the last straw"]);
    let (restarted, _) = world.another_store().await;
    world.post(&room, &ann, "the very last straw").await;
    assert_eq!(restarted.search(search(&ann, "straw")).await.unwrap().items.len(), 2);
}

pub(crate) async fn an_edited_or_deleted_text_is_not_found<B: Backend>() {
    let world = World::<B>::new().await;
    let ann = world.user("ann").await;
    let room = world.room("den", &ann).await;
    let message = world.post(&room, &ann, "old needle").await;
    assert_eq!(found(&world, &ann, "old").await.len(), 1);
    let edit = NewEdit { room: room.id, message: message.id, editor: ann.clone(), body: body("new needle") };
    world.store.edit(edit).await.unwrap();
    assert_eq!(found(&world, &ann, "old").await.len(), 0);
    assert_eq!(found(&world, &ann, "new").await, ["new needle"]);
    let deleter = Deleter { user: ann.id, may_moderate: false };
    let deletion = NewDeletion { room: room.id, message: message.id, username: "ann".into(), deleter };
    world.store.delete(deletion).await.unwrap();
    assert_eq!(found(&world, &ann, "needle").await.len(), 0);
}

pub(crate) async fn one_in_very_many_rooms_searches_them_all<B: Backend>() {
    let world = World::<B>::new().await;
    let (ann, eve) = (world.user("ann").await, world.user("eve").await);
    let hidden = world.room_with("hidden", &eve, Visibility::Private, History::Full).await;
    world.post(&hidden, &eve, "needle of eve").await;
    let mut last = None;
    for n in 0..210 {
        let room = world.room(&format!("room {n}"), &ann).await;
        if n == 0 {
            world.post(&room, &ann, "needle of the first").await;
        }
        last = Some(room);
    }
    world.post(&last.unwrap(), &ann, "needle of the last").await;
    assert_eq!(found(&world, &ann, "needle").await, ["needle of the last", "needle of the first"]);
}

pub(crate) async fn a_page_ends_after_bounded_work_and_the_next_one_goes_on<B: Backend>() {
    let world = World::<B>::new().await;
    let (ann, eve) = (world.user("ann").await, world.user("eve").await);
    let mut first = None;
    for n in 0..201 {
        let room = world.room(&format!("room {n}"), &ann).await;
        first.get_or_insert(room);
    }
    world.post(&first.unwrap(), &ann, "needle of ann").await;
    let hidden = world.room_with("hidden", &eve, Visibility::Private, History::Full).await;
    for _ in 0..51 {
        let posts = (0..100).map(|_| world.post(&hidden, &eve, "needle"));
        futures::future::join_all(posts).await;
    }
    let page = world.store.search(search(&ann, "needle")).await.unwrap();
    assert_eq!(texts(&page), Vec::<&str>::new(), "the newest matches are all of another's room");
    let after = page.next_cursor.map(|cursor| SearchKey::decode(&cursor).unwrap());
    assert!(after.is_some(), "there is more");
    let rest = world.store.search(NewSearch { after, ..search(&ann, "needle") }).await.unwrap();
    assert_eq!((texts(&rest), rest.next_cursor.is_none()), (vec!["needle of ann"], true));
}
