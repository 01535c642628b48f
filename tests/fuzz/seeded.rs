//! The fuzz targets without a fuzzer: inputs made of the corpus by a seed, the same at each run. `FUZZ_ROUNDS` makes more
//! of them, `FUZZ_SEED` others.
#![allow(clippy::expect_used, clippy::unwrap_used)]

#[path = "src/targets.rs"]
#[allow(unreachable_pub)]
mod targets;

use chatapp_faults::Chance;

/// Inputs of each target.
const ROUNDS: u64 = 20_000;

/// Pieces that parsers know.
const WORDS: [&[u8]; 16] = [
    b"\"op\":\"send\"",
    b"{\"ev\":\"entry\",\"kind\":\"unknown\"}",
    b"\"id\":-9223372036854775808",
    b"1e400",
    b"\\ud800",
    b"\\u0000",
    b"\x1b[2J\x1b]0;x\x07",
    "\u{202e}\u{200d}\u{feff}".as_bytes(),
    "\u{1f469}\u{200d}\u{1f680}".as_bytes(),
    b"\xff\xfe",
    b"\x00\x00\x00\x7f",
    b"eyJhbGciOiJub25lIn0.",
    b"..",
    b"[[[[[[[[",
    b"null",
    b"AAAA_-==",
];

fn changed(seed: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=chance.index(4) {
        let at = chance.index(bytes.len() + 1);
        match chance.index(6) {
            0 if at < bytes.len() => bytes[at] ^= 1 << chance.index(8),
            1 if at < bytes.len() => drop(bytes.remove(at)),
            2 => bytes.insert(at, u8::try_from(chance.index(256)).unwrap_or_default()),
            3 => bytes.truncate(at),
            4 => drop(bytes.splice(at..at, chance.pick(&WORDS).iter().copied())),
            _ => bytes.extend_from_within(at..),
        }
    }
    bytes.truncate(16 * 1024);
    bytes
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn drive(name: &str, target: fn(&[u8])) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let mut corpus: Vec<_> = std::fs::read_dir(folder).expect("a corpus").map(|entry| entry.unwrap().path()).collect();
    corpus.sort();
    let mut seeds: Vec<Vec<u8>> = corpus.into_iter().map(|path| std::fs::read(path).unwrap()).collect();
    for seed in &seeds {
        target(seed);
    }
    let mut chance = Chance::new(number("FUZZ_SEED").unwrap_or(1));
    for _ in 0..number("FUZZ_ROUNDS").unwrap_or(ROUNDS) {
        let input = changed(chance.pick(&seeds).clone().as_slice(), &mut chance);
        let held = std::panic::catch_unwind(|| target(&input)).is_ok();
        assert!(held, "{name} fails on {:?}", String::from_utf8_lossy(&input));
        // Some go on being changed.
        if chance.one_in(20) && seeds.len() < 500 {
            seeds.push(input);
        }
    }
}

#[test]
fn any_bytes_are_a_frame_or_refused() {
    drive("frame", targets::frame);
}

#[test]
fn nothing_that_a_terminal_obeys_comes_through_the_sanitiser() {
    drive("sanitiser", targets::sanitiser);
}

#[test]
fn no_token_is_good_that_no_key_has_signed() {
    drive("token", targets::token);
}

#[test]
fn any_text_is_a_cursor_or_refused() {
    drive("cursor", targets::cursor);
}
