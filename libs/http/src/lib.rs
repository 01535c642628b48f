//! HTTP as every service speaks it: the server, the layers around a router, extractors that answer problem details,
//! who a caller is, and calls from one service to another.
//!
//! A service builds its routes with [`extract`]'s types and [`ApiResult`], wraps them by [`layers::standard`] and is
//! run by [`server::serve`]. Nothing here knows a route, a table or a rule of the product.

pub mod call;
pub mod claims;
pub mod extract;
pub mod identity;
pub mod layers;
pub mod openapi;
pub mod ops;
pub mod problem;
pub mod secrets;
pub mod server;
pub mod service_token;

pub use call::{CallError, ServiceClient};
pub use claims::{Audience, Claims};
pub use extract::{IdempotencyKey, Json, PageQuery, Path, Query};
pub use identity::{
    AuthFailure, Caller, KeySource, RevocationSource, Revocations, RevokedSession, Stale, TokenVerifier, V0Caller,
};
pub use layers::{LayerConfig, standard};
pub use problem::{ApiError, ApiResult};
pub use secrets::MasterSecret;
pub use server::{RawConnection, ServerConfig, TlsFiles, Upgrade, serve};
pub use service_token::{ServiceCaller, ServiceGate, ServiceKeys};

/// An error of any kind, for seams whose implementations fail in ways of their own.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What a service hands to whoever hosts it.
pub struct ServiceParts {
    /// All routes, `/internal/…` included, with [`layers::standard`] applied.
    pub router: axum::Router,
    /// The description of the public routes alone.
    pub openapi: utoipa::openapi::OpenApi,
}
