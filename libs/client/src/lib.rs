//! The client side of ChatApp's protocol, for any front end.
//!
//! - [`api`]: every REST call, typed. [`Client`] is what calls go through; it keeps a session's access token fresh.
//! - [`live`]: the feed of rooms over a WebSocket, resumed by cursor, or by polling where sockets cannot pass.
//! - [`outbox`]: messages that are not yet acknowledged, kept on disk under their keys.
//! - [`credentials`]: profiles with their sessions, in a file that only their owner can read.
//! - [`sanitize`]: what every text from the server goes through before a terminal sees it.
//!
//! Nothing here writes to a terminal, and nothing ends the process: what happens is returned or sent as an event.

pub mod api;
pub mod backoff;
pub mod bearer;
pub mod credentials;
pub mod durable;
pub mod error;
pub mod gateway_url;
pub mod known_rooms;
pub mod live;
pub mod outbox;
pub mod paths;
pub mod sanitize;
pub mod sending;

pub use api::Client;
pub use error::ClientError;
pub use gateway_url::GatewayUrl;
