//! `--healthcheck`: asks the program that runs beside this one whether it is ready. Images of containers have neither a
//! shell nor curl; they have the program itself.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

/// A program that does not answer in this time is not well. Its own checks have less.
const PATIENCE: Duration = Duration::from_secs(4);
/// A longer answer is not one of ours.
const ANSWER_MAX: u64 = 16 * 1024;

/// Asks the operations port at `address` and says what it answered. The exit code is 0 when the program there is ready.
#[expect(clippy::print_stdout, reason = "whoever keeps the container shows what its check says")]
pub(crate) fn report(address: Option<SocketAddr>) -> ExitCode {
    let Some(address) = address else {
        println!("there is no operations port to ask: set CHATAPP_OPS_LISTEN");
        return ExitCode::FAILURE;
    };
    match ask(reachable(address)) {
        Ok(answer) => {
            println!("{answer}");
            ExitCode::SUCCESS
        }
        Err(reason) => {
            println!("{reason}");
            ExitCode::FAILURE
        }
    }
}

/// The answer when the program is ready, else what is wrong.
fn ask(address: SocketAddr) -> Result<String, String> {
    let answer = exchange(address).map_err(|err| format!("{address} does not answer: {err}"))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).unwrap_or_default();
    if status == "200" { Ok(body.to_owned()) } else { Err(format!("not ready ({status}): {body}")) }
}

fn exchange(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET /readyz?verbose HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(ANSWER_MAX).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Where one that listens at `address` is found from the same machine.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use chatapp_telemetry::Control;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::{Readiness, serve_operations};

    async fn asked(readiness: &Readiness) -> Result<String, String> {
        let ended = CancellationToken::new();
        let anywhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        let address = serve_operations(anywhere, "test", readiness, Control::detached(), ended.clone()).await.unwrap();
        let answer = tokio::task::spawn_blocking(move || ask(reachable(address))).await.unwrap();
        ended.cancel();
        answer
    }

    #[tokio::test]
    async fn a_program_is_well_once_it_serves_and_until_it_ends() {
        let readiness = Readiness::default();
        assert!(asked(&readiness).await.unwrap_err().contains("starting"));
        readiness.serving();
        assert!(asked(&readiness).await.unwrap().contains("\"ready\":true"));
        readiness.stopping();
        assert!(asked(&readiness).await.unwrap_err().contains("not ready (503)"));
    }

    #[test]
    fn where_nobody_listens_nobody_is_well() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        assert!(ask(address).unwrap_err().contains("does not answer"));
        assert_eq!(report(None), ExitCode::FAILURE);
    }
}
