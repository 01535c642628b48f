//! How often posting goes to the server and back: counted on the wire.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chatapp_bus::LocalBus;
use chatapp_db::Mssql;
use chatapp_db::mssql::MssqlOptions;
use chatapp_messages::store::{MessageStore, NewMessage};
use chatapp_testkit::{Filter, Link, TdsDatabase};
use chatapp_timeline::Publisher;
use chatapp_types::UserRef;
use tokio::task::JoinSet;

use crate::world::mssql::MssqlBackend;
use crate::world::{SeedRoom, World, new_message};

/// Bytes before a packet's content: its kind, its state, its length (both bytes big endian), and more.
const HEADER: usize = 8;
/// The kinds of packets that ask for something: a batch, a call of a procedure.
const REQUESTS: [u8; 2] = [1, 3];

/// Counts whole requests in what passes.
#[derive(Default)]
struct Requests {
    pending: Vec<u8>,
}

impl Requests {
    fn count(&mut self, bytes: &[u8]) -> usize {
        self.pending.extend_from_slice(bytes);
        let mut count = 0;
        while let Some([kind, state, high, low]) = self.pending.first_chunk::<4>().copied() {
            let length = usize::from(u16::from_be_bytes([high, low])).max(HEADER);
            if self.pending.len() < length {
                break;
            }
            // The last packet of a request has the lowest bit of its state set.
            count += usize::from(REQUESTS.contains(&kind) && state & 1 == 1);
            self.pending.drain(..length);
        }
        count
    }
}

/// A store whose requests are counted, with one lane.
async fn counted(world: &World<MssqlBackend>) -> (Arc<dyn MessageStore>, Arc<AtomicUsize>, Link) {
    let mut url = world.backend.url().clone();
    let link = Link::to(&format!("{}:{}", url.host, url.port)).await;
    let requests = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&requests);
    link.filter(move || {
        let (counter, mut requests) = (Arc::clone(&counter), Requests::default());
        Box::new(move |bytes: &[u8]| {
            counter.fetch_add(requests.count(bytes), Ordering::Relaxed);
            bytes.to_vec()
        }) as Filter
    });
    (url.host, url.port) = ("127.0.0.1".to_owned(), link.port());
    let one = MssqlOptions { connections: 1, idle_connections: 1, ..TdsDatabase::options() };
    let db = Mssql::open(&url, one).await.unwrap();
    let publisher = Publisher::new(Arc::new(LocalBus::new()));
    (MssqlBackend::store_on(db, publisher, world.clock.clone(), 1), requests, link)
}

/// Posts all of them at once. All are queued before the lane looks: there is one thread.
async fn post_all(store: &Arc<dyn MessageStore>, posts: Vec<NewMessage>) -> usize {
    let mut posting = JoinSet::new();
    for post in posts {
        let store = Arc::clone(store);
        posting.spawn(async move { store.post(post).await.unwrap() });
    }
    posting.join_all().await.iter().filter(|posted| !posted.duplicate).count()
}

fn posts(rooms: &[SeedRoom], by: &UserRef, count: usize) -> Vec<NewMessage> {
    (0..count).map(|n| new_message(&rooms[n % rooms.len()], by, &format!("number {n} for @ann"))).collect()
}

#[tokio::test]
#[ignore = "needs a server in CHATAPP_TEST_MSSQL_URL"]
async fn a_group_of_posts_is_two_round_trips_however_large() {
    let world = World::<MssqlBackend>::new().await;
    let ann = world.user("ann").await;
    let mut rooms = Vec::new();
    for n in 0..64 {
        rooms.push(world.room(&format!("room {n}"), &ann).await);
    }
    let (store, requests, _link) = counted(&world).await;
    for (count, of) in [(1, 1), (2, 1), (2, 2), (64, 1), (64, 16), (64, 64)] {
        let rooms = &rooms[..of];
        // A connection that has rested is first asked for a sign of life.
        post_all(&store, posts(rooms, &ann, 1)).await;
        let before = requests.load(Ordering::Relaxed);
        let fresh = posts(rooms, &ann, count);
        assert_eq!(post_all(&store, fresh.clone()).await, count);
        assert_eq!(requests.load(Ordering::Relaxed) - before, 2, "{count} posts in {of} rooms");
        assert_eq!(post_all(&store, fresh).await, 0);
        assert_eq!(requests.load(Ordering::Relaxed) - before, 4, "and as many repeats");
    }
}
