//! How long a key takes to be on the screen. Run it optimised:
//! `cargo test --release -p chatapp-cli --bin chat -- --ignored --nocapture a_key_is_on_the_screen`.

use std::time::{Duration, Instant};

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::Story;
use super::story::room_id;
use crate::screen::draw::draw;
use crate::screen::event::Event;
use crate::screen::state::Size;

/// Ann in 100 rooms, with 100,000 messages loaded.
fn full() -> Story {
    let names: Vec<String> = (0..100).map(|n| format!("room {n:03}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut ann = Story::in_rooms(&names);
    let text = |n: usize| {
        format!("message {n}: what was said here is long enough to be broken into two lines on most screens, @bob")
    };
    for n in 1..=100 {
        ann.history(room_id(n), "bob", (0..999).map(text));
        ann.state.rooms.get_mut(room_id(n)).unwrap().head = 1_000;
    }
    for _ in 0..100 {
        ann.press("alt+down");
        ann.serve();
        for _ in 0..12 {
            ann.press("ctrl+home");
            ann.serve();
        }
        ann.press("ctrl+end");
        ann.serve();
    }
    ann.effects.clear();
    ann
}

/// How long this thread has had the processor: what a key costs, however busy the machine is with other things.
fn on_processor() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = stat.and_then(|text| text.split_whitespace().next()?.parse().ok());
    nanos.map_or_else(|| BEGUN.elapsed(), Duration::from_nanos)
}

static BEGUN: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);

fn measure(what: &str, times: &mut [Duration]) -> Duration {
    times.sort();
    let at = |part: usize| times[(times.len() - 1) * part / 100];
    println!("{what}: p50 {:?}, p99 {:?}, longest {:?}", at(50), at(99), at(100));
    at(99)
}

/// What the process keeps in memory, the logs of the story's own gateway included.
fn resident_mb() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let resident = pages.and_then(|text| text.split_whitespace().nth(1)?.parse::<u64>().ok());
    resident.unwrap_or(0) * 4 / 1024
}

/// What a second of a busy room costs: 500 messages, and as many pictures as are drawn then.
fn busy_second(ann: &mut Story, terminal: &mut Terminal<TestBackend>) -> Duration {
    let here = ann.state.rooms.current_id().unwrap();
    let begun = on_processor();
    for n in 0..500 {
        ann.says(here, "bob", "one of five hundred messages in this second, long enough to be broken on most screens");
        if n % 17 == 0 {
            terminal.draw(|frame| draw(&ann.state, frame)).unwrap();
        }
    }
    on_processor().saturating_sub(begun)
}

#[test]
#[ignore = "a measurement; it takes its time unless it is optimised"]
fn a_key_is_on_the_screen_within_a_frame_with_a_hundred_rooms_and_a_hundred_thousand_messages() {
    let mut ann = full();
    let loaded: usize = ann.state.rooms.iter().map(|r| r.log.items().len()).sum();
    println!("{} rooms, {loaded} messages loaded, {} MB resident", ann.state.rooms.iter().len(), resident_mb());
    assert!(loaded >= 99_000, "{loaded}");
    ann.take(Event::Resized(Size { columns: 200, rows: 50 }));
    let mut terminal = Terminal::new(TestBackend::new(200, 50)).unwrap();
    let mut timed = |ann: &mut Story, deed: &dyn Fn(&mut Story, usize)| -> Vec<Duration> {
        let once = |n| {
            let begun = on_processor();
            deed(ann, n);
            terminal.draw(|frame| draw(&ann.state, frame)).unwrap();
            on_processor().saturating_sub(begun)
        };
        (0..500).map(once).collect()
    };
    let typing = measure("a letter", &mut timed(&mut ann, &|ann, _| ann.types("x")));
    let paging = measure(
        "a page up or down",
        &mut timed(&mut ann, &|ann, n| ann.press(if n % 40 < 20 { "pageup" } else { "pagedown" })),
    );
    let going = measure("another room", &mut timed(&mut ann, &|ann, _| ann.press("alt+down")));
    let finding = measure(
        "the list of rooms",
        &mut timed(&mut ann, &|ann, n| ann.press(if n % 2 == 0 { "ctrl+k" } else { "esc" })),
    );
    let live = measure(
        "a message that comes",
        &mut timed(&mut ann, &|ann, n| {
            ann.says(room_id(u128::try_from(n % 100 + 1).unwrap()), "bob", "just now");
        }),
    );
    let busy = busy_second(&mut ann, &mut terminal);
    println!("a second of 500 messages and 30 pictures: {busy:?} of the processor");
    // Without optimisation it takes several times as long; then only what would be felt is an error.
    let frame = Duration::from_millis(if cfg!(debug_assertions) { 100 } else { 16 });
    for (what, time) in [("typing", typing), ("paging", paging), ("going", going), ("finding", finding), ("live", live)]
    {
        assert!(time < frame, "{what}: {time:?}");
    }
    assert!(busy < frame * 20, "a busy room: {busy:?}");
}
