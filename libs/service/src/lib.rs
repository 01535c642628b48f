//! What the platform's processes share: their settings, where their data is, how they are wired and how they end.
//!
//! `chatapp up` hosts all services in one process; `chatapp-auth`, `chatapp-rooms`, `chatapp-messages` and
//! `chatapp-gateway` host one each. A service is a library that knows nothing of this: it is given what it depends on
//! and hands back a router ([`chatapp_http::ServiceParts`]). Here is everything between the command line and that.
//!
//! Every setting is a flag, an environment variable (`CHATAPP_…`) and a key of an optional file; a flag counts before
//! the variable, the variable before the file, the file before the default ([`settings`]).

pub mod build_info;
pub mod bus;
mod database;
mod database_args;
mod health;
mod host;
mod identity;
mod lifetime;
mod lock;
mod process;
mod readiness;
mod run;
pub mod settings;
mod signals;
mod storage;

pub use bus::BusArgs;
pub use database::open_when_there;
pub use database_args::{DatabaseArgs, OriginalDatabaseArgs};
pub use host::Host;
pub use identity::{AuthKeys, RevokedByCall, RevokedByView};
pub use lifetime::Lifetime;
pub use lock::{InstanceLock, LockError};
pub use process::{PeerUrls, ProcessArgs};
pub use readiness::{Readiness, serve_operations};
pub use run::{Program, run, runtime};
pub use signals::on_signal;
pub use storage::{Storage, StorageArgs};
