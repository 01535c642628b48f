//! The edge: what is found out about a request, and done to it, before anything is passed on.

mod client;
mod headers;
mod identity;
mod limits;
mod network;
mod origin;
mod script_token;

pub(crate) use client::Client;
pub(crate) use headers::{clean_request, clean_response};
pub(crate) use identity::{admit, authorization, bearer};
pub(crate) use limits::{FORGET_EVERY, RequestLimits};
pub use network::{BadNetwork, Network};
pub use origin::{BadOrigin, Origin};
pub(crate) use origin::{check_socket, share};
pub(crate) use script_token::{ScriptTokens, is_script_token};
