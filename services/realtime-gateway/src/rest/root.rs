//! What stands at the front door.

/// A word for whoever opens the gateway's URL in a browser.
#[utoipa::path(
    get, path = "/", tag = "gateway", security(()),
    responses((status = 200, description = "Where to look next.", body = String, content_type = "text/plain"))
)]
pub(crate) async fn show_root() -> &'static str {
    "ChatApp\n\nThe interface is described at /docs, for programs at /openapi.json.\n"
}
