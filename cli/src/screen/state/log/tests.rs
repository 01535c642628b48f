use chatapp_types::{RoomId, Timestamp, UserRef};

use super::*;

fn ann() -> UserRef {
    UserRef { id: UserId(uuid::Uuid::nil()), username: "ann".to_owned() }
}

fn item(seq: u64) -> Item {
    let said = Said {
        id: MessageId::new(),
        text: format!("m{seq}"),
        reply_to: None,
        is_edited: false,
        is_deleted: false,
        names_me: false,
    };
    Item { seq, at: Timestamp::from_millis(0), author: ann(), what: What::Said(Box::new(said)) }
}

fn stretch(first: u64, last: u64) -> Stretch {
    Stretch { first, last, head: last, floor: 0, items: (first..=last).map(item).collect() }
}

fn entry(seq: u64, body: EntryBody) -> Entry {
    Entry { room_id: RoomId::new(), seq, at: Timestamp::from_millis(0), actor: ann(), body }
}

fn edited(seq: u64, target: u64, text: &str) -> Entry {
    let body = EntryBody::MessageEdited {
        message_id: MessageId::new(),
        target_seq: target,
        body: text.to_owned(),
        deleted: false,
    };
    entry(seq, body)
}

fn text(log: &Log, seq: u64) -> &str {
    &log.get(seq).and_then(Item::said).expect("a message").text
}

#[test]
fn a_log_stays_bounded_and_says_what_is_missing() {
    let mut log = Log::default();
    log.take(Side::Instead, stretch(2001, 2200));
    for first in [1801_u64, 1601, 1401, 1201, 1001] {
        log.take(Side::Older, stretch(first, first + 199));
    }
    assert_eq!((log.items().len(), log.first(), log.last()), (Log::KEPT, 1001, 2000));
    assert!(log.has_older() && !log.reaches(2200));
    log.take(Side::Newer, stretch(2001, 2200));
    assert_eq!((log.first(), log.last()), (1201, 2200));
    assert!(log.reaches(2200));
}

#[test]
fn an_edit_that_overtakes_the_page_it_belongs_to_is_not_lost() {
    let mut log = Log::default();
    log.begin(Side::Instead);
    log.live(&edited(11, 5, "better"), UserId::new(), true);
    log.take(Side::Instead, stretch(1, 10));
    assert_eq!(text(&log, 5), "better");
}

#[test]
fn a_live_entry_joins_only_what_it_follows() {
    let mut log = Log::default();
    log.take(Side::Instead, stretch(1, 10));
    log.live(&entry(12, EntryBody::MemberJoined), UserId::new(), true);
    assert_eq!(log.last(), 10, "11 is missing");
    log.live(&entry(11, EntryBody::MemberJoined), UserId::new(), true);
    assert_eq!((log.last(), log.items().len()), (11, 11));
    log.live(&edited(12, 3, "x"), UserId::new(), true);
    assert_eq!((log.last(), log.items().len(), text(&log, 3)), (12, 11, "x"));
}

#[test]
fn what_is_erased_stays_erased() {
    let mut log = Log::default();
    log.take(Side::Instead, stretch(1, 3));
    let gone = EntryBody::MessageDeleted { message_id: MessageId::new(), target_seq: 2 };
    log.live(&entry(4, gone), UserId::new(), true);
    log.live(&edited(5, 2, "back"), UserId::new(), true);
    assert_eq!(text(&log, 2), "");
}

#[test]
fn whoever_reads_earlier_messages_keeps_them_while_others_write() {
    let mut log = Log::default();
    log.take(Side::Instead, stretch(1, 1_000));
    log.live(&entry(1_001, EntryBody::MemberJoined), UserId::new(), false);
    assert_eq!((log.first(), log.last()), (1, 1_000), "nothing is pushed out under the reader's eyes");
}
