//! Somebody at a screen, and a gateway that answers as it is told.

use chatapp_client::live::{self, Transport};
use chatapp_client::outbox::Unsent;
use chatapp_types::messages::UnreadRoom;
use chatapp_types::rooms::{Member, Room};
use chatapp_types::{Entry, EntryBody, History, MessageId, Role, RoomId, SendKey, Timestamp, UserRef, Visibility};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use crate::screen::draw::draw;
use crate::screen::effect::{Effect, Request, Span};
use crate::screen::event::{Beginning, Event, Given, Trouble};
use crate::screen::keymap::Chord;
use crate::screen::state::kept::Kept;
use crate::screen::state::log::{Item, Side, Stretch};
use crate::screen::state::{Size, State};
use crate::screen::testing::{state, user};
use crate::screen::update::update;
use crate::settings::Remembered;

pub(super) struct Story {
    pub(super) state: State,
    /// The log of each room, as the gateway has it.
    logs: Vec<(RoomId, Vec<Entry>)>,
    /// What was asked for and not yet looked at.
    pub(super) effects: Vec<Effect>,
}

/// A room's id that follows from its number.
pub(super) fn room_id(n: u128) -> RoomId {
    RoomId(uuid::Uuid::from_u128(n))
}

pub(super) fn room(n: u128, name: &str) -> Room {
    Room {
        id: room_id(n),
        number: i64::try_from(n).unwrap(),
        name: name.to_owned(),
        topic: String::new(),
        visibility: Visibility::Public,
        history: History::Full,
        member_count: 3,
        has_secret_code: None,
        created_at: Timestamp::from_millis(0),
        role: Some(Role::Owner),
    }
}

pub(super) fn trouble(text: &str) -> Trouble {
    Trouble { text: text.to_owned(), is_transient: false, ends_session: false, is_wrong_password: false }
}

impl Story {
    /// Ann is logged in and knows no room yet.
    pub(super) fn begin() -> Self {
        let mut story = Self { state: state(), logs: vec![], effects: vec![] };
        let remembered = Remembered::default();
        story.take(Event::Began(Box::new(Beginning {
            me: user("ann"),
            url: "http://127.0.0.1:8000".to_owned(),
            remembered,
            kept: Kept::default(),
        })));
        story
    }

    /// Ann opens the screen again, with what was kept of the last time; the gateway is away.
    pub(super) fn reopened(self) -> Self {
        let kept = serde_json::from_str(&serde_json::to_string(&Kept::of(&self.state)).unwrap()).unwrap();
        let mut story = Self { state: state(), logs: self.logs, effects: vec![] };
        let (url, remembered) = ("http://127.0.0.1:8000".to_owned(), self.state.remembered);
        story.take(Event::Began(Box::new(Beginning { me: user("ann"), url, remembered, kept })));
        let lost = Trouble { is_transient: true, ..trouble("no answer") };
        story.answer(&Request::Rooms, Err(lost));
        let retry_in = std::time::Duration::from_secs(1);
        story.feed(live::Event::Disconnected { retry_in, reason: "the gateway cannot be reached".to_owned() });
        story
    }

    /// Ann is in these rooms, the first of which she sees.
    pub(super) fn in_rooms(names: &[&str]) -> Self {
        let mut story = Self::begin();
        let rooms: Vec<Room> = (1..).zip(names).map(|(n, name)| room(n, name)).collect();
        for r in &rooms {
            let body = EntryBody::RoomCreated { name: r.name.clone(), visibility: r.visibility };
            story.logs.push((r.id, vec![entry(r.id, 1, &user("ann"), body)]));
        }
        story.connect();
        let listed = rooms.into_iter().map(|r| story.with_counts(r, 0, 0)).collect();
        story.answer(&Request::Rooms, Ok(Given::Rooms(listed)));
        story.serve();
        story
    }

    pub(super) fn with_counts(&self, room: Room, messages: u64, mentions: u64) -> (Room, Option<UnreadRoom>) {
        let head = self.log(room.id).last().map_or(0, |e| e.seq);
        let counts = UnreadRoom { room_id: room.id, messages, mentions, read_seq: head - messages, head };
        (room, Some(counts))
    }

    fn log(&self, id: RoomId) -> &[Entry] {
        self.logs.iter().find(|(r, _)| *r == id).map_or(&[], |(_, log)| log)
    }

    pub(super) fn connect(&mut self) {
        self.feed(live::Event::Connected { user: user("ann"), transport: Transport::Socket });
    }

    pub(super) fn take(&mut self, event: Event) {
        let effects = update(&mut self.state, event);
        self.effects.extend(effects);
    }

    pub(super) fn feed(&mut self, event: live::Event) {
        self.take(Event::Feed(Box::new(event)));
    }

    pub(super) fn answer(&mut self, to: &Request, got: Result<Given, Trouble>) {
        let at = self.effects.iter().position(|e| *e == Effect::Ask(to.clone()));
        assert!(at.is_some(), "{to:?} was not asked: {:?}", self.effects);
        self.effects.remove(at.unwrap());
        self.take(Event::Answer { to: to.clone(), got });
    }

    /// Answers every question about pages, members and quotes from the logs, until none is left.
    pub(super) fn serve(&mut self) {
        for _ in 0..100 {
            let is_served =
                |r: &Request| matches!(r, Request::Page { .. } | Request::Members(_) | Request::Quote { .. });
            let at = self.effects.iter().position(|e| matches!(e, Effect::Ask(r) if is_served(r)));
            let Some(at) = at else { return };
            let Effect::Ask(request) = self.effects.remove(at) else { return };
            let given = match &request {
                Request::Page { room, span, .. } => Given::Page(self.page(*room, *span)),
                Request::Quote { room, id } => Given::Message(Box::new(self.message(*room, *id))),
                _ => Given::Members(members()),
            };
            self.take(Event::Answer { to: request, got: Ok(given) });
        }
        panic!("questions without end: {:?}", self.effects);
    }

    fn page(&self, id: RoomId, span: Span) -> Stretch {
        let log = self.log(id);
        let head = log.last().map_or(0, |e| e.seq);
        let (after, count) = match span {
            Span::Latest => (head.saturating_sub(100), 100),
            Span::After { seq, count } => (seq, usize::try_from(count).unwrap()),
        };
        let part: Vec<&Entry> = log.iter().filter(|e| e.seq > after).take(count).collect();
        let last = part.last().map_or(after, |e| e.seq);
        let items = part.into_iter().filter_map(|e| Item::of_entry(e, self.state.me.id)).collect();
        Stretch { first: after + 1, last, head, floor: 0, items }
    }

    fn message(&self, room: RoomId, id: MessageId) -> Item {
        let is_it = |e: &&Entry| matches!(&e.body, EntryBody::MessagePosted { message_id, .. } if *message_id == id);
        let entry = self.log(room).iter().find(is_it).expect("a message");
        Item::of_entry(entry, self.state.me.id).unwrap()
    }

    /// Somebody answers a message, live.
    pub(super) fn answers(&mut self, id: RoomId, author: &str, to: u64, text: &str) -> u64 {
        let seq = self.log(id).last().map_or(1, |e| e.seq + 1);
        let mut body = posted(seq, text);
        if let EntryBody::MessagePosted { reply_to, .. } = &mut body {
            *reply_to = Some(Self::message_at(to));
        }
        self.happens(id, author, body)
    }

    /// Writes messages into a room's log that nobody is told of.
    pub(super) fn history(&mut self, id: RoomId, author: &str, texts: impl IntoIterator<Item = String>) {
        for text in texts {
            let entry = self.next_entry(id, &user(author), |seq| posted(seq, &text));
            self.logs.iter_mut().find(|(r, _)| *r == id).unwrap().1.push(entry);
        }
    }

    /// A message is erased, and nobody is told of it.
    pub(super) fn erases(&mut self, id: RoomId, seq: u64) {
        let log = &mut self.logs.iter_mut().find(|(r, _)| *r == id).unwrap().1;
        let entry = log.iter_mut().find(|e| e.seq == seq).unwrap();
        if let EntryBody::MessagePosted { body, deleted, .. } = &mut entry.body {
            body.clear();
            *deleted = true;
        }
    }

    fn next_entry(&self, id: RoomId, actor: &UserRef, body: impl Fn(u64) -> EntryBody) -> Entry {
        let seq = self.log(id).last().map_or(1, |e| e.seq + 1);
        entry(id, seq, actor, body(seq))
    }

    /// Something happens in a room, live.
    #[allow(clippy::needless_pass_by_value)]
    pub(super) fn happens(&mut self, id: RoomId, actor: &str, body: EntryBody) -> u64 {
        let entry = self.next_entry(id, &user(actor), |_| body.clone());
        let seq = entry.seq;
        self.logs.iter_mut().find(|(r, _)| *r == id).unwrap().1.push(entry.clone());
        self.feed(live::Event::Entry(Box::new(entry)));
        seq
    }

    /// Somebody writes, live; who is named with `@` is mentioned.
    pub(super) fn says(&mut self, id: RoomId, author: &str, text: &str) -> u64 {
        let seq = self.log(id).last().map_or(1, |e| e.seq + 1);
        self.happens(id, author, posted(seq, text))
    }

    /// The message at a seq of a room.
    pub(super) fn message_at(seq: u64) -> MessageId {
        MessageId(uuid::Uuid::from_u128(u128::from(seq) + 1_000))
    }

    /// What was sent is kept, as the runner does it; gives its key.
    pub(super) fn keeps(&mut self) -> SendKey {
        let key = SendKey::new();
        self.keeps_under(key);
        key
    }

    /// The same, under this key.
    pub(super) fn keeps_under(&mut self, key: SendKey) {
        let at = self.effects.iter().position(|e| matches!(e, Effect::Post { .. })).expect("a message to keep");
        let Effect::Post { room, text, reply_to } = self.effects.remove(at) else { unreachable!() };
        let kept = Unsent {
            key,
            room_id: room,
            body: text,
            reply_to,
            author: self.state.me.id,
            url: chatapp_client::GatewayUrl::parse("http://127.0.0.1:8000").unwrap(),
            queued_at: self.state.now,
            sender: uuid::Uuid::nil(),
        };
        self.take(Event::Kept(Box::new(kept)));
    }

    /// Presses keys, by the names that bindings have.
    pub(super) fn press(&mut self, keys: &str) {
        for key in keys.split(' ') {
            let (modifiers, code) = match key.rsplit_once('+').filter(|(held, _)| !held.is_empty()) {
                Some((held, code)) => (held, code),
                None => ("", key),
            };
            let modifiers = match modifiers {
                "ctrl" => KeyModifiers::CONTROL,
                "alt" => KeyModifiers::ALT,
                "shift" => KeyModifiers::SHIFT,
                _ => KeyModifiers::NONE,
            };
            let code = match code {
                "enter" => KeyCode::Enter,
                "esc" => KeyCode::Esc,
                "tab" => KeyCode::Tab,
                "up" => KeyCode::Up,
                "down" => KeyCode::Down,
                "pageup" => KeyCode::PageUp,
                "pagedown" => KeyCode::PageDown,
                "home" => KeyCode::Home,
                "end" => KeyCode::End,
                "backspace" => KeyCode::Backspace,
                "f1" => KeyCode::F(1),
                other => KeyCode::Char(other.chars().next().unwrap()),
            };
            debug_assert!(Chord::parse(key).is_ok(), "{key}");
            self.take(Event::Key(KeyEvent::new(code, modifiers)));
        }
    }

    /// Types a text.
    pub(super) fn types(&mut self, text: &str) {
        for c in text.chars() {
            self.take(Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)));
        }
    }

    /// Types a line and enters it.
    pub(super) fn enters(&mut self, line: &str) {
        self.types(line);
        self.press("enter");
    }

    /// Whether something was asked to be done.
    pub(super) fn did(&self, is_it: impl Fn(&Effect) -> bool) -> bool {
        self.effects.iter().any(is_it)
    }

    /// The screen as text.
    pub(super) fn screen(&mut self, columns: u16, rows: u16) -> String {
        self.take(Event::Resized(Size { columns, rows }));
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        terminal.draw(|frame| draw(&self.state, frame)).unwrap();
        let buffer = terminal.backend().buffer();
        let line = |y| {
            let mut line = String::new();
            let mut skip = 0;
            for x in 0..columns {
                let symbol = buffer[(x, y)].symbol();
                if skip == 0 {
                    line.push_str(symbol);
                    skip = crate::screen::text::width(symbol).max(1);
                }
                skip -= 1;
            }
            line.trim_end().to_owned()
        };
        (0..rows).map(line).collect::<Vec<_>>().join("\n")
    }

    /// The screen on 80×24.
    pub(super) fn text(&mut self) -> String {
        self.screen(80, 24)
    }

    pub(super) fn is_stale(&self, id: RoomId, side: Side) -> bool {
        self.did(|e| matches!(e, Effect::Ask(Request::Page { room, side: s, .. }) if *room == id && *s == side))
    }
}

fn entry(room_id: RoomId, seq: u64, actor: &UserRef, body: EntryBody) -> Entry {
    // A message a minute.
    let at = Timestamp::from_millis(1_795_370_400_000 + i64::try_from(seq).unwrap() * 60_000);
    Entry { room_id, seq, at, actor: actor.clone(), body }
}

pub(super) fn posted(seq: u64, text: &str) -> EntryBody {
    let named = text.split_whitespace().filter_map(|word| word.strip_prefix('@'));
    EntryBody::MessagePosted {
        message_id: Story::message_at(seq),
        ordinal: seq,
        body: text.to_owned(),
        reply_to: None,
        key: None,
        mentions: named.map(user).collect(),
        deleted: false,
    }
}

pub(super) fn members() -> Vec<Member> {
    let member = |name: &str, role| Member { user: user(name), role, joined_at: Timestamp::from_millis(0) };
    vec![member("ann", Role::Owner), member("bob", Role::Admin), member("carol", Role::Member)]
}
