//! The port: is it free, or does this platform answer there?

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use chatapp_service::InstanceLock;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::{Finding, Patient};

/// Whoever answers later does not answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// Of an answer, more is not read.
const ANSWER_MAX: u64 = 64 << 10;

/// Looks at where the platform listens, or would.
pub(super) async fn check(patient: &Patient<'_>) -> Vec<Finding> {
    let address = patient.server.listen;
    let mut findings = vec![port(patient, address).await];
    if patient.server.tls.is_none() && !address.ip().is_loopback() {
        findings.push(
            Finding::warn("tls", format!("{address} is not this machine alone, and there is no TLS"))
                .advise("give --tls-cert and --tls-key, or put a proxy with TLS before it: passwords travel in clear"),
        );
    }
    findings
}

async fn port(patient: &Patient<'_>, address: SocketAddr) -> Finding {
    if address.port() == 0 {
        return Finding::ok("port", "a free one will be taken");
    }
    match TcpListener::bind(address).await {
        Ok(_) => Finding::ok("port", format!("{address} is free")),
        Err(err) if err.kind() == io::ErrorKind::AddrInUse => taken(patient, address).await,
        Err(err) => Finding::fail("port", format!("cannot listen on {address}: {err}"))
            .advise("choose an address of this machine with --listen (below port 1024 only root may)"),
    }
}

async fn taken(patient: &Patient<'_>, address: SocketAddr) -> Finding {
    let ours = matches!(InstanceLock::holder(&patient.storage.lock_file()), Ok(Some(_)));
    if patient.server.tls.is_some() && ours {
        return Finding::ok(
            "port",
            format!("something listens on {address}, and chatapp runs (TLS: not asked further)"),
        );
    }
    let answered = tokio::time::timeout(PATIENCE, is_chatapp(reachable(address))).await;
    if matches!(answered, Ok(Ok(true))) {
        return Finding::ok("port", format!("ChatApp answers on {address}"));
    }
    let finding = Finding::fail("port", format!("{address} is taken by something that is not ChatApp, or hangs"));
    finding.advise("end that program, or choose another port with --listen")
}

/// The address to call for one that is listened on.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// Whether what answers at `address` publishes signing keys, as a platform does. One plain request needs no client.
async fn is_chatapp(address: SocketAddr) -> io::Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /.well-known/jwks.json HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(ANSWER_MAX).read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer);
    Ok(answer.starts_with("HTTP/1.1 200") && answer.contains("\"keys\"") && answer.contains("\"Ed25519\""))
}
