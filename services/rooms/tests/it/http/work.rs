//! What a wrong code costs, counted in hashes: it must not tell whether there is a room.

use std::sync::Arc;

use chatapp_bus::LocalBus;
use chatapp_rooms::app::codes::CodeKey;
use chatapp_rooms::app::create_room::create_room;
use chatapp_rooms::app::hashing::CodeHasher;
use chatapp_rooms::app::join_room::join_room;
use chatapp_rooms::app::set_code::{Codes, set_code};
use chatapp_rooms::store::{RoomStore, SqliteRoomStore, StoreLimits};
use chatapp_timeline::Publisher;
use chatapp_types::clock::ManualClock;
use chatapp_types::rooms::{CreateRoomRequest, SetSecretCodeRequest};
use chatapp_types::{RoomId, RoomName, Secret, UserRef, Visibility};

use crate::database::{TestDatabase, noon};

struct Bench {
    database: TestDatabase,
    store: SqliteRoomStore,
    codes: Codes,
}

async fn bench() -> Bench {
    let database = TestDatabase::open().await;
    let (bus, clock) = (Arc::new(LocalBus::new()), Arc::new(ManualClock::new(noon())));
    let limits = StoreLimits { per_owner: 9, max_members: 9, tries: None };
    let store = SqliteRoomStore::new(database.sqlite.clone(), Publisher::new(bus), clock, limits);
    Bench { database, store, codes: Codes { key: CodeKey::new(&[1; 32]), hasher: CodeHasher::new(2).unwrap() } }
}

impl Bench {
    async fn private_room(&self, owner: &UserRef, code: Option<&str>) -> RoomId {
        let request = CreateRoomRequest {
            name: RoomName::parse("den").unwrap(),
            topic: None,
            visibility: Visibility::Private,
            history: None,
            secret_code: code.map(Secret::from),
        };
        create_room(&self.store, &self.codes, owner, request).await.unwrap().room.id
    }

    /// Hashes done for one try.
    async fn cost(&self, user: &UserRef, room: RoomId, code: &str) -> u64 {
        let before = self.codes.hasher.done();
        let _ = join_room(&self.store, &self.codes, user, room, Some(Secret::from(code))).await;
        self.codes.hasher.done() - before
    }
}

#[tokio::test]
async fn a_try_costs_by_its_form_alone_whatever_room_it_is_for() {
    let bench = bench().await;
    let (ann, bob) = (bench.database.add_user("ann").await, bench.database.add_user("bob").await);
    let made = bench.private_room(&ann, None).await;
    let chosen = bench.private_room(&ann, Some("open sesame")).await;
    let none = bench.private_room(&ann, None).await;
    bench.store.remove_code(&ann, none).await.unwrap();
    for room in [made, chosen, none, RoomId::new()] {
        assert_eq!(bench.cost(&bob, room, "wrong-code").await, 1);
        assert_eq!(bench.cost(&bob, room, "0000-0000-0000-0000-0000-0000-0000").await, 0);
    }
    assert_eq!(bench.cost(&bob, chosen, "open sesame").await, 1);
    assert!(bench.store.get_room(bob.id, chosen).await.is_ok());
}

#[tokio::test]
async fn nobody_is_hashed_for_who_may_not_set_a_code() {
    let bench = bench().await;
    let (ann, bob) = (bench.database.add_user("ann").await, bench.database.add_user("bob").await);
    let room = bench.private_room(&ann, None).await;
    for room in [room, RoomId::new()] {
        let request = SetSecretCodeRequest { secret_code: Some(Secret::from("open sesame")), ..Default::default() };
        assert!(set_code(&bench.store, &bench.codes, &bob, room, request, noon()).await.is_err());
    }
    assert_eq!(bench.codes.hasher.done(), 0);
}
