//! Why a socket is closed.

use std::borrow::Cow;

use chatapp_metrics::SocketEnd;
use chatapp_types::frame::CloseReason;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// The reason, as the close frame will say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closing {
    /// One of the protocol's own reasons.
    Reason(CloseReason),
    /// The peer has closed, or is gone: nothing is to be said any more.
    Gone,
    /// The peer broke the WebSocket protocol itself (1002).
    Protocol,
    /// A text that is not UTF-8 (1007).
    NotText,
    /// Version 0's word for a token or a room that is not good (1008).
    Policy,
    /// Version 0's word for a server that goes away (1001).
    GoingAway,
    /// We cannot do it now (1013): try again later.
    TryAgain,
}

impl Closing {
    /// Code and text of the close frame; nothing for a peer that is gone.
    const fn frame(self) -> Option<(u16, &'static str)> {
        match self {
            Self::Reason(reason) => Some((reason.code(), reason.text())),
            Self::Gone => None,
            Self::Protocol => Some((1002, "protocol error")),
            Self::NotText => Some((1007, "not utf-8")),
            Self::Policy => Some((1008, "refused")),
            Self::GoingAway => Some((1001, "going away")),
            Self::TryAgain => Some((1013, "try again later")),
        }
    }

    /// The message that closes.
    pub(crate) fn message(self) -> Option<Message> {
        let (code, text) = self.frame()?;
        Some(Message::Close(Some(CloseFrame { code: code.into(), reason: text.into() })))
    }

    /// Whether what waits for the socket is still to be written before it is closed.
    pub(crate) const fn says_goodbye(self) -> bool {
        !matches!(
            self,
            Self::Gone | Self::Reason(CloseReason::Slow | CloseReason::SessionRevoked | CloseReason::NoHeartbeat)
        )
    }

    /// What it is counted as.
    pub(crate) const fn end(self) -> SocketEnd {
        match self {
            Self::Gone => SocketEnd::Client,
            Self::Protocol | Self::NotText | Self::Reason(CloseReason::BadProtocol) => SocketEnd::BadProtocol,
            Self::Policy => SocketEnd::Refused,
            Self::GoingAway | Self::Reason(CloseReason::ShuttingDown) => SocketEnd::GoingAway,
            Self::TryAgain => SocketEnd::TryAgain,
            Self::Reason(CloseReason::Slow) => SocketEnd::Slow,
            Self::Reason(CloseReason::Gap) => SocketEnd::Gap,
            Self::Reason(CloseReason::NoHeartbeat) => SocketEnd::NoHeartbeat,
            Self::Reason(CloseReason::TokenExpired) => SocketEnd::TokenExpired,
            Self::Reason(CloseReason::SessionRevoked) => SocketEnd::SessionRevoked,
            Self::Reason(CloseReason::FrameTooLarge) => SocketEnd::FrameTooLarge,
            Self::Reason(CloseReason::Unauthenticated) => SocketEnd::Unauthenticated,
        }
    }

    /// The word for the log.
    pub(crate) fn word(self) -> Cow<'static, str> {
        match self.frame() {
            None => "gone".into(),
            Some((_, text)) => text.into(),
        }
    }
}

impl From<CloseReason> for Closing {
    fn from(reason: CloseReason) -> Self {
        Self::Reason(reason)
    }
}
