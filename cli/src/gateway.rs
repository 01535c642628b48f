//! Finding the gateway, and who is known there: what comes before a log-in.

use chatapp_client::{Client, ClientError, GatewayUrl};

use crate::exit::Failure;

/// Whether something answers at `url`; what it says is looked at later.
pub(crate) async fn answers(url: &GatewayUrl) -> Result<(), Failure> {
    match Client::anonymous(url)?.user_exists("nobody").await {
        Err(e @ ClientError::Network(_)) => Err(unreachable(url, e)),
        _ => Ok(()),
    }
}

/// A gateway that gives no answer is named, for another one may be meant.
pub(crate) fn unreachable(url: &GatewayUrl, error: ClientError) -> Failure {
    match error {
        ClientError::Network(_) => {
            Failure::from(error).with_note(&format!("it was looked for at {url}; --url gives another"))
        }
        other => other.into(),
    }
}

/// Whether the name has an account; `None` where the gateway does not say.
pub(crate) async fn is_known(nobody: &Client, name: &str) -> Result<Option<bool>, ClientError> {
    match nobody.user_exists(name).await {
        Ok(exists) => Ok(Some(exists)),
        Err(e @ ClientError::Network(_)) => Err(e),
        Err(e) if e.is_transient() => Err(e),
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[tokio::test]
    async fn a_gateway_that_does_not_answer_is_named_and_how_to_give_another() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = GatewayUrl::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        drop(listener);
        let said = answers(&url).await.unwrap_err().to_string();
        assert!(said.contains(&url.to_string()) && said.contains("--url"), "{said}");
    }
}
