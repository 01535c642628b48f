//! Requests whose ends are in doubt, and requests that never end.

use std::time::{Duration, Instant};

use chatapp_testkit::{DEADLINE, Platform, User, within};
use tokio::io::AsyncWriteExt as _;

use crate::wire;

/// Something that would be answered with 200 if it were taken for a request of its own.
const HIDDEN: &str = "GET /.well-known/jwks.json HTTP/1.1\r\nHost: x\r\n\r\n";

#[tokio::test]
async fn a_request_with_two_ends_is_refused_and_nothing_is_smuggled_behind_it() {
    let platform = Platform::start().await;
    let post = "POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    let length = HIDDEN.len();
    let heads = [
        format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n"),
        format!("Transfer-Encoding: chunked\r\nContent-Length: {length}\r\n"),
        "Content-Length: 5\r\nContent-Length: 6\r\n".to_owned(),
        "Content-Length: 5, 6\r\n".to_owned(),
        "Content-Length: -1\r\n".to_owned(),
        "Content-Length: +5\r\n".to_owned(),
        "Content-Length: 0x5\r\n".to_owned(),
        "Content-Length: 99999999999999999999999\r\n".to_owned(),
        "Transfer-Encoding: chunked, identity\r\n".to_owned(),
        "Transfer-Encoding: xchunked\r\n".to_owned(),
        "Transfer-Encoding : chunked\r\n".to_owned(),
        " Transfer-Encoding: chunked\r\n".to_owned(),
        format!("Content-Length: {length}\r\nTransfer_Encoding : chunked\r\n"),
    ];
    for head in heads {
        let answer = wire::exchange(&platform, format!("{post}{head}\r\n0\r\n\r\n{HIDDEN}").as_bytes()).await;
        assert!(matches!(answer.status, 0 | 400 | 413 | 501), "{head:?}: {}", answer.text);
        assert!(!answer.text.contains("\"keys\""), "{head:?} let a request through behind it: {}", answer.text);
    }
}

#[tokio::test]
async fn malformed_heads_are_refused() {
    let platform = Platform::start().await;
    let heads: [&[u8]; 9] = [
        b"GET  /docs HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /docs HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET /docs\r\n\r\n",
        b"G\0T /docs HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /docs HTTP/1.1\r\nHost: x\r\nX-A: a\0b\r\n\r\n",
        b"GET /docs HTTP/1.1\r\nHost: x\r\nno colon here\r\n\r\n",
        b"GET /docs HTTP/1.1\r\nHost: x\r\nX A: b\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
    ];
    for head in heads {
        let answer = wire::exchange(&platform, head).await;
        assert!(matches!(answer.status, 0 | 400 | 404 | 505), "{:?}: {}", String::from_utf8_lossy(head), answer.text);
    }
    User::anonymous(&platform).get("/.well-known/jwks.json").await.expect(200);
}

#[tokio::test]
async fn headers_beyond_the_limit_are_refused() {
    let platform = Platform::start().await;
    let one = format!("X-Large: {}\r\n", "x".repeat(100_000));
    let many: String = "X-Header: value\r\n".repeat(5_000);
    let long = format!("GET /v1/rooms?q={} HTTP/1.1\r\nHost: x\r\n\r\n", "q".repeat(100_000));
    for request in [
        format!("GET /.well-known/jwks.json HTTP/1.1\r\nHost: x\r\n{one}\r\n"),
        format!("GET /.well-known/jwks.json HTTP/1.1\r\nHost: x\r\n{many}\r\n"),
        long,
    ] {
        let answer = wire::exchange(&platform, request.as_bytes()).await;
        let start = &request[..40];
        // A reset may overtake the answer, since the server does not read what it refuses.
        assert!(matches!(answer.status, 0 | 400 | 414 | 431), "{start}: {}", answer.text);
    }
    User::anonymous(&platform).get("/.well-known/jwks.json").await.expect(200);
}

#[tokio::test]
async fn a_head_that_does_not_come_to_its_end_is_cut_off() {
    let platform = Platform::start().await;
    let begun = Instant::now();
    let slow = |start: &'static [u8]| {
        let platform = &platform;
        async move {
            let mut stream = wire::connect(platform).await;
            stream.write_all(start).await.unwrap();
            within(DEADLINE, "a slow head is cut off", wire::read_answer(&mut stream)).await
        }
    };
    let answers =
        tokio::join!(slow(b""), slow(b"G"), slow(b"GET /docs HTTP/1.1\r\nHost: x\r\nX-Slow: "), drip(&platform));
    for answer in [answers.0, answers.1, answers.2, answers.3] {
        assert!(matches!(answer.status, 0 | 408), "{}", answer.text);
    }
    let took = begun.elapsed();
    assert!(took > Duration::from_secs(3) && took < Duration::from_secs(12), "cut off after {took:?}");
}

/// A head of which a byte comes now and then.
async fn drip(platform: &Platform) -> wire::RawAnswer {
    let (mut reading, mut writing) = wire::connect(platform).await.into_split();
    let drops = tokio::spawn(async move {
        let mut pace = tokio::time::interval(Duration::from_millis(300));
        let head = b"GET /docs HTTP/1.1\r\nHost: x\r\nX-Slow: ".iter().chain(b"x".iter().cycle());
        for byte in head {
            pace.tick().await;
            if writing.write_all(&[*byte]).await.is_err() {
                return;
            }
        }
    });
    let answer = within(DEADLINE, "a dripping head is cut off", wire::read_from(&mut reading)).await;
    drops.abort();
    answer
}

#[tokio::test]
async fn a_body_that_does_not_come_is_cut_off_and_one_that_is_too_large_is_not_read() {
    let platform = Platform::start().await;
    let head = |length: usize| {
        format!(
            "POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{{"
        )
    };
    let large = wire::exchange(&platform, head(5_000_000).as_bytes()).await;
    assert_eq!((large.status, large.json()["code"].as_str()), (413, Some("too_large")), "{}", large.text);
    let mut stream = wire::connect(&platform).await;
    stream.write_all(head(100).as_bytes()).await.unwrap();
    let slow = within(DEADLINE, "a slow body is cut off", wire::read_answer(&mut stream)).await;
    assert!(matches!(slow.status, 0 | 408 | 503), "{}", slow.text);
    assert!(!slow.text.contains("unknown"), "nothing can have happened: {}", slow.text);
}
