use chatapp_rooms::app::Refusal;
use chatapp_rooms::app::blocking::NewBlock;
use chatapp_rooms::store::{ListScope, PageOf, RoomStore, RoomsQuery};
use chatapp_types::rooms::Room;
use chatapp_types::{Role, RoomName, UserId};

use super::backend::{Backend, named, refusal};

async fn all(store: &dyn RoomStore, viewer: UserId, scope: ListScope, text: &str, limit: u32) -> Vec<Room> {
    let mut query = RoomsQuery { scope, text: RoomName::norm_of(text), after: None, limit };
    let mut rooms = Vec::new();
    loop {
        let page = store.list_rooms(viewer, query.clone()).await.unwrap();
        assert!(page.items.len() <= limit as usize);
        rooms.extend(page.items);
        match page.next_cursor {
            Some(cursor) => query.after = Some(cursor.decode().unwrap()),
            None => return rooms,
        }
    }
}

fn names(rooms: &[Room]) -> Vec<&str> {
    rooms.iter().map(|room| room.name.as_str()).collect()
}

pub(crate) async fn rooms_are_listed_by_name_in_pages_that_miss_nothing(b: &impl Backend) {
    let w = b.world();
    let (ann, bob) = (b.add_user("ann").await, b.add_user("bob").await);
    // Names whose compared forms begin alike, and one that is far longer compared than written.
    let long = "\u{FDFA}".repeat(64);
    for name in ["b", "A", "c", &long, &format!("{}x", &long[..long.len() - 3]), "B2"] {
        w.make_public(&ann, name).await;
    }
    for _ in 0..3 {
        w.make_private(&ann, "twin").await;
    }
    let mine = all(&*w.store, ann.id, ListScope::Mine, "", 2).await;
    assert_eq!(names(&mine)[..4], ["A", "b", "B2", "c"]);
    assert_eq!(mine.len(), 9);
    let public = all(&*w.store, bob.id, ListScope::Public, "", 1).await;
    assert_eq!(public.len(), 6);
    assert!(public.iter().all(|room| room.role.is_none() && room.member_count == 1));
}

pub(crate) async fn a_list_holds_no_room_that_one_may_not_see(b: &impl Backend) {
    let w = b.world();
    let (ann, bob) = (b.add_user("ann").await, b.add_user("bob").await);
    let open = w.make_public(&ann, "open").await.id;
    w.make_private(&ann, "hidden").await;
    let gone = w.make_public(&ann, "gone").await.id;
    w.store.delete_room(&ann, gone).await.unwrap();
    let list = |scope| all(&*w.store, bob.id, scope, "", 50);
    assert_eq!(names(&list(ListScope::Public).await), ["open"]);
    assert_eq!(names(&list(ListScope::Mine).await), [""; 0]);
    w.join(&bob, open).await;
    assert_eq!(names(&list(ListScope::Mine).await), ["open"]);
    let until = Some(w.clock_now_plus(60));
    w.store.block_user(&ann, open, named(&bob), NewBlock { reason: None, until }).await.unwrap();
    for scope in [ListScope::Mine, ListScope::Public, ListScope::Visible] {
        assert_eq!(names(&list(scope).await), [""; 0]);
    }
    w.advance_seconds(60);
    assert_eq!(names(&list(ListScope::Public).await), ["open"]);
}

pub(crate) async fn a_search_takes_every_character_as_it_is(b: &impl Backend) {
    let w = b.world();
    let ann = b.add_user("ann").await;
    for name in ["100%", "100 percent", "snake_case", "snakeXcase", "back\\slash", "Größe"] {
        w.make_public(&ann, name).await;
    }
    for (text, found) in [
        ("%", vec!["100%"]),
        ("e_c", vec!["snake_case"]),
        ("\\", vec!["back\\slash"]),
        ("SNAKE", vec!["snake_case", "snakeXcase"]),
        ("GRÖ", vec!["Größe"]),
        ("nothing", vec![]),
    ] {
        assert_eq!(names(&all(&*w.store, ann.id, ListScope::Public, text, 50).await), found, "{text}");
    }
}

pub(crate) async fn own_rooms_are_found_by_name_before_others(b: &impl Backend) {
    let w = b.world();
    let (ann, bob) = (b.add_user("ann").await, b.add_user("bob").await);
    let public = w.make_public(&ann, "Den").await.id;
    let (private, proof) = w.make_private(&ann, "den").await;
    let find = |user: UserId| w.store.get_room_by_name(user, "den");
    assert_eq!(find(bob.id).await.unwrap().id, public);
    w.store.join_room(&bob, private.id, proof, None).await.unwrap();
    assert_eq!(find(bob.id).await.unwrap().id, private.id);
    assert_eq!(find(ann.id).await.unwrap().id, public, "of one's own, the public one");
    assert_eq!(refusal(w.store.get_room_by_name(bob.id, "lair").await), Refusal::RoomNotFound);
}

pub(crate) async fn only_admins_learn_whether_a_code_opens_the_room(b: &impl Backend) {
    let w = b.world();
    let (ann, bob) = (b.add_user("ann").await, b.add_user("bob").await);
    let (room, proof) = w.make_private(&ann, "den").await;
    assert_eq!(room.has_secret_code, Some(true));
    assert_eq!(w.store.join_room(&bob, room.id, proof, None).await.unwrap().has_secret_code, None);
    w.store.put_member(&ann, room.id, named(&bob), Some(Role::Admin)).await.unwrap();
    assert_eq!(w.store.get_room(bob.id, room.id).await.unwrap().has_secret_code, Some(true));
    w.store.remove_code(&bob, room.id).await.unwrap();
    assert_eq!(w.store.get_room(bob.id, room.id).await.unwrap().has_secret_code, Some(false));
}

pub(crate) async fn members_are_listed_in_the_order_of_their_coming(b: &impl Backend) {
    let w = b.world();
    let ann = b.add_user("ann").await;
    let room = w.make_public(&ann, "den").await.id;
    let mut expected = vec!["ann".to_owned()];
    for name in ["zoe", "bob", "moe", "eve"] {
        w.join(&b.add_user(name).await, room).await;
        expected.push(name.to_owned());
    }
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = w.store.list_members(ann.id, room, PageOf { after, limit: 2 }).await.unwrap();
        seen.extend(page.items.into_iter().map(|member| member.user.username));
        let Some(cursor) = page.next_cursor else { break };
        after = Some(cursor.decode::<i64>().unwrap());
    }
    assert_eq!(seen, expected);
    let stranger = b.add_user("sly").await;
    let page = PageOf { after: None, limit: 2 };
    assert_eq!(refusal(w.store.list_members(stranger.id, room, page).await), Refusal::NotAMember);
    let (hidden, _) = w.make_private(&ann, "hidden").await;
    assert_eq!(refusal(w.store.list_members(stranger.id, hidden.id, page).await), Refusal::RoomNotFound);
}
