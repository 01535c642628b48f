//! Who makes a request, for the limits and for what is passed on. Never for rights: each service verifies for itself.

use chatapp_http::{Audience, Caller};
use chatapp_types::{Problem, Secret};
use http::{HeaderMap, HeaderValue, header};

use super::{Client, is_script_token};
use crate::state::Gateway;

/// The token of an `Authorization: Bearer` header, if there is exactly one.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Secret::new(token.trim()))
}

/// Counts a request against its user's allowance, or its address's when nobody is logged in, and puts an access token
/// in the place of a script's.
///
/// A token that does not verify is nobody's: the request counts for its address and is passed on, for the service to
/// refuse in its own words.
pub(crate) async fn admit(
    gateway: &Gateway,
    client: &Client,
    headers: &mut HeaderMap,
    audience: Audience,
) -> Result<Option<Caller>, Problem> {
    let Some(mut token) = bearer(headers) else {
        gateway.limits.check_address(client)?;
        return Ok(None);
    };
    if is_script_token(token.expose()) {
        token = gateway.scripts.exchange_for(client, &token, &gateway.limits).await?;
        headers.insert(header::AUTHORIZATION, authorization(&token)?);
    }
    if let Ok(caller) = gateway.verifier.verify(token.expose(), audience).await {
        gateway.limits.check_user(caller.user)?;
        return Ok(Some(caller));
    }
    gateway.limits.check_address(client)?;
    Ok(None)
}

/// `Bearer <token>`, marked so that no log shows it.
pub(crate) fn authorization(token: &Secret) -> Result<HeaderValue, Problem> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose()))
        .map_err(|_| Problem::from(chatapp_http::AuthFailure::Invalid))?;
    value.set_sensitive(true);
    Ok(value)
}
