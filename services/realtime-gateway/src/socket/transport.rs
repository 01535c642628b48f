//! What an error of the real socket means.

use chatapp_types::frame::CloseReason;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::error::ProtocolError;

use super::Closing;

impl From<axum::Error> for Closing {
    fn from(err: axum::Error) -> Self {
        match err.into_inner().downcast::<Error>().map(|err| *err) {
            Ok(Error::Capacity(_)) => CloseReason::FrameTooLarge.into(),
            Ok(Error::Utf8(_)) => Self::NotText,
            Ok(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => Self::Gone,
            Ok(Error::Protocol(_)) => Self::Protocol,
            _ => Self::Gone,
        }
    }
}
