//! TLS with a certificate made for the test.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use axum::Router;
use axum::routing::get;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chatapp_http::{ServerConfig, TlsFiles};
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;

use crate::wire::{Server, read_to_close};

/// One DER value: tag, length, content.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut value = vec![tag];
    match u8::try_from(length) {
        Ok(short @ 0..=127) => value.push(short),
        Ok(byte) => value.extend([0x81, byte]),
        Err(_) => value.extend([0x82, u8::try_from(length >> 8).unwrap(), u8::try_from(length & 0xff).unwrap()]),
    }
    value.extend(content);
    value
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    der(0x30, &parts.concat())
}

/// A self-signed certificate for `localhost` (RFC 5280, Ed25519 by RFC 8410), good until 2099.
fn certificate(key: &Ed25519KeyPair) -> Vec<u8> {
    let ed25519 = sequence(&[der(0x06, &[0x2b, 0x65, 0x70])]);
    let common_name = sequence(&[der(0x06, &[0x55, 0x04, 0x03]), der(0x0c, b"localhost")]);
    let name = sequence(&[der(0x31, &common_name)]);
    let validity = sequence(&[der(0x18, b"20200101000000Z"), der(0x18, b"20990101000000Z")]);
    let public = der(0x03, &[&[0], key.public_key().as_ref()].concat());
    let alternative = sequence(&[der(0x82, b"localhost")]);
    let extension = sequence(&[der(0x06, &[0x55, 0x1d, 0x11]), der(0x04, &alternative)]);
    let to_be_signed = sequence(&[
        der(0xa0, &der(0x02, &[2])),
        der(0x02, &[1]),
        ed25519.clone(),
        name.clone(),
        validity,
        name,
        sequence(&[ed25519.clone(), public]),
        der(0xa3, &sequence(&[extension])),
    ]);
    let signature = key.sign(&to_be_signed);
    sequence(&[to_be_signed, ed25519, der(0x03, &[&[0], signature.as_ref()].concat())])
}

fn write_pem(path: &Path, label: &str, content: &[u8]) {
    let mut file = std::fs::File::create(path).unwrap();
    writeln!(file, "-----BEGIN {label}-----").unwrap();
    for line in STANDARD.encode(content).as_bytes().chunks(64) {
        writeln!(file, "{}", std::str::from_utf8(line).unwrap()).unwrap();
    }
    writeln!(file, "-----END {label}-----").unwrap();
}

/// Files with a new key and its certificate, and a client that trusts it.
fn files(dir: &Path) -> (TlsFiles, rustls::ClientConfig) {
    let document = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).unwrap();
    let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(document.as_ref()).unwrap();
    let certificate = certificate(&key);
    let files = TlsFiles { cert: dir.join("cert.pem"), key: dir.join("key.pem") };
    write_pem(&files.cert, "CERTIFICATE", &certificate);
    write_pem(&files.key, "PRIVATE KEY", document.as_ref());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from(certificate)).unwrap();
    let client = rustls::ClientConfig::builder_with_provider(rustls::crypto::aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (files, client)
}

fn app() -> Router {
    Router::new().route("/", get(async || "hello over tls"))
}

#[tokio::test]
async fn a_request_over_tls_is_answered() {
    let dir = tempfile::tempdir().unwrap();
    let (files, client) = files(dir.path());
    let server = Server::start(app(), ServerConfig { tls: Some(files), ..ServerConfig::default() }).await;
    let connector = TlsConnector::from(Arc::new(client));
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = connector.connect(name, server.connect().await).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(String::from_utf8(answer).unwrap().ends_with("hello over tls"));
    drop(stream);
    server.end().await;
}

#[tokio::test]
async fn http2_is_offered() {
    let dir = tempfile::tempdir().unwrap();
    let (files, mut client) = files(dir.path());
    client.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let server = Server::start(app(), ServerConfig { tls: Some(files), ..ServerConfig::default() }).await;
    let http = reqwest::Client::builder()
        .tls_backend_preconfigured(client)
        .no_proxy()
        .resolve("localhost", server.address)
        .build()
        .unwrap();
    let answer = http.get(format!("https://localhost:{}/", server.address.port())).send().await.unwrap();
    assert_eq!(answer.version(), http::Version::HTTP_2);
    assert_eq!(answer.text().await.unwrap(), "hello over tls");
}

#[tokio::test]
async fn a_handshake_that_does_not_come_is_cut() {
    let dir = tempfile::tempdir().unwrap();
    let (files, _) = files(dir.path());
    let header_timeout = Duration::from_millis(200);
    let server =
        Server::start(app(), ServerConfig { tls: Some(files), header_timeout, ..ServerConfig::default() }).await;
    assert_eq!(read_to_close(&mut server.connect().await).await, "");
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_stops_the_start_and_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let (files, _) = files(dir.path());
    std::fs::write(&files.cert, "not a certificate").unwrap();
    let server = Server::start(app(), ServerConfig { tls: Some(files), ..ServerConfig::default() }).await;
    let err = server.served.await.unwrap().unwrap_err();
    assert!(err.to_string().contains("cert.pem"), "{err}");
}
