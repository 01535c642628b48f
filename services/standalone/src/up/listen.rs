//! Taking the port.

use std::io;
use std::net::SocketAddr;

use anyhow::anyhow;
use tokio::net::TcpListener;

/// Listens on `address`; an error says what to do about it.
pub(super) async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|err| explain(address, &err))
}

fn explain(address: SocketAddr, err: &io::Error) -> anyhow::Error {
    let (ip, port) = (address.ip(), address.port());
    match err.kind() {
        io::ErrorKind::AddrInUse => anyhow!(
            "port {port} is in use on {ip}: end the program that has it, or choose another with --listen {ip}:{other} \
             (`chatapp doctor` tells whether it is ChatApp)",
            other = port.checked_add(1).unwrap_or(8_000),
        ),
        io::ErrorKind::PermissionDenied => {
            anyhow!("port {port} may be used by root alone: choose one from 1024 on with --listen {ip}:8000")
        }
        io::ErrorKind::AddrNotAvailable => {
            anyhow!("{ip} is not an address of this machine: use 127.0.0.1, or 0.0.0.0 for all of its addresses")
        }
        _ => anyhow!("cannot listen on {address}: {err}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_in_use_is_named_with_what_to_do() {
        let first = listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = first.local_addr().unwrap();
        let error = listen(address).await.unwrap_err().to_string();
        assert!(error.contains(&format!("port {} is in use", address.port())) && error.contains("--listen"), "{error}");
    }
}
