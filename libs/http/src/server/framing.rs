//! Where requests begin and end in the bytes of an HTTP/1 connection.
//!
//! hyper takes a request that has both `Content-Length` and `Transfer-Encoding` by the latter and closes after it,
//! which is within the standard, but the two are a smuggler's tool and have no honest use: they are refused here.
//! By the time hyper shows a request, one of the two headers is gone, so the bytes themselves are followed.
//!
//! This reads along and decides nothing else: what is malformed in any other way is left for hyper to refuse.

/// As much of one line as is looked at. The lines that matter are short.
const LINE_MAX: usize = 512;

/// Follows the bytes of one connection.
#[derive(Default)]
pub(super) struct Framing {
    at: At,
    line: Vec<u8>,
    head: Head,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum At {
    /// In a head, or before one.
    #[default]
    Head,
    /// In a body, with so many bytes to come.
    Body(u64),
    ChunkSize,
    /// In a chunk, with so many bytes to come, its line end included.
    Chunk(u64),
    Trailer,
    /// Something that hyper will refuse.
    Lost,
}

#[derive(Default)]
struct Head {
    request_line: bool,
    content_length: Option<u64>,
    transfer_encoding: bool,
}

impl Framing {
    /// Reads along. The place of the line end that completes a contradiction within one head, if there is one.
    pub(super) fn follow(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut from = 0;
        while from < bytes.len() {
            let rest = &bytes[from..];
            match self.at {
                At::Lost => return None,
                At::Body(left) | At::Chunk(left) => from += self.skip(left, rest.len()),
                At::Head | At::ChunkSize | At::Trailer => {
                    let end = rest.iter().position(|b| *b == b'\n');
                    self.keep(&rest[..end.unwrap_or(rest.len())]);
                    let end = from + end?;
                    if self.line_ends() {
                        return Some(end);
                    }
                    from = end + 1;
                }
            }
        }
        None
    }

    /// Passes over what of a body or chunk is there.
    fn skip(&mut self, left: u64, there: usize) -> usize {
        let passed = usize::try_from(left).map_or(there, |left| left.min(there));
        let left = left - passed as u64;
        self.at = match self.at {
            At::Body(_) if left > 0 => At::Body(left),
            At::Chunk(_) if left > 0 => At::Chunk(left),
            At::Chunk(_) => At::ChunkSize,
            _ => At::Head,
        };
        passed
    }

    fn keep(&mut self, part: &[u8]) {
        let room = LINE_MAX - self.line.len();
        self.line.extend_from_slice(&part[..part.len().min(room)]);
    }

    /// Takes the line that has just ended. Whether it contradicts an earlier one.
    fn line_ends(&mut self) -> bool {
        let line = std::mem::take(&mut self.line);
        let text = line.strip_suffix(b"\r").unwrap_or(&line);
        match self.at {
            At::ChunkSize => self.at = chunk(text),
            At::Trailer if text.is_empty() => self.at = At::Head,
            At::Head if text.is_empty() && self.head.request_line => self.at = std::mem::take(&mut self.head).body(),
            At::Head if !text.is_empty() => self.head.take(text),
            _ => {}
        }
        // The same allocation serves the next line.
        self.line = line;
        self.line.clear();
        self.head.transfer_encoding && self.head.content_length.is_some()
    }
}

impl Head {
    fn take(&mut self, line: &[u8]) {
        if !std::mem::replace(&mut self.request_line, true) {
            return;
        }
        let Some(colon) = line.iter().position(|b| *b == b':') else {
            return;
        };
        let (name, value) = (line[..colon].trim_ascii(), line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.transfer_encoding = true;
        } else if name.eq_ignore_ascii_case(b"content-length") {
            // A number that is none is refused by hyper; what follows is of no account.
            self.content_length = Some(std::str::from_utf8(value).ok().and_then(|v| v.parse().ok()).unwrap_or(0));
        }
    }

    /// What follows the head.
    fn body(self) -> At {
        match self.content_length {
            _ if self.transfer_encoding => At::ChunkSize,
            Some(length) if length > 0 => At::Body(length),
            _ => At::Head,
        }
    }
}

/// What follows the line of a chunk's size.
fn chunk(line: &[u8]) -> At {
    let digits = line.iter().take_while(|b| b.is_ascii_hexdigit()).count();
    let size = std::str::from_utf8(&line[..digits]).ok().and_then(|hex| u64::from_str_radix(hex, 16).ok());
    match size {
        Some(0) => At::Trailer,
        Some(size) => size.checked_add(2).map_or(At::Lost, At::Chunk),
        None => At::Lost,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: &str = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n";

    /// Follows the text in pieces of `size` bytes; the absolute place of the contradiction.
    fn place(text: &str, size: usize) -> Option<usize> {
        let mut framing = Framing::default();
        for (i, piece) in text.as_bytes().chunks(size).enumerate() {
            if let Some(at) = framing.follow(piece) {
                return Some(i * size + at);
            }
        }
        None
    }

    #[test]
    fn two_lengths_in_one_head_are_found_however_the_bytes_arrive() {
        let end = BOTH.len() - 3;
        for size in 1..=BOTH.len() {
            assert_eq!(place(BOTH, size), Some(end), "in pieces of {size}");
        }
    }

    #[test]
    fn the_order_and_the_case_of_the_two_do_not_matter() {
        assert!(place("POST / HTTP/1.1\nTRANSFER-ENCODING: x\ncontent-length:0\n\n", 7).is_some());
    }

    #[test]
    fn one_length_in_each_of_two_heads_is_no_contradiction() {
        let text = "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc\
                    POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: v\r\n\r\n\
                    GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n";
        for size in 1..text.len() {
            assert_eq!(place(text, size), None, "in pieces of {size}");
        }
    }

    #[test]
    fn a_body_that_looks_like_a_head_is_no_head() {
        let text = format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n{BOTH}", BOTH.len());
        assert_eq!(place(&text, 11), None);
        let text =
            format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{BOTH}\r\n0\r\n\r\n", BOTH.len());
        assert_eq!(place(&text, 11), None);
    }

    #[test]
    fn the_second_request_of_a_connection_is_looked_at_too() {
        let first = "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc";
        assert_eq!(place(&format!("{first}{BOTH}"), 9), Some(first.len() + BOTH.len() - 3));
    }

    #[test]
    fn a_line_without_end_takes_no_memory() {
        let mut framing = Framing::default();
        for _ in 0..1_000 {
            assert_eq!(framing.follow(&[b'x'; 1_024]), None);
        }
        assert!(framing.line.capacity() <= 2 * LINE_MAX);
    }
}
