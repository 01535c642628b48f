//! One connection over a socket, from the token to the close.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use chatapp_telemetry::trace;
use chatapp_types::frame::{ClientFrame, ClientOp, CloseReason, ServerEvent, ServerFrame};
use chatapp_types::limits::PAGE_MAX;
use chatapp_types::messages::TimelinePage;
use chatapp_types::{RoomId, Secret};
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, SinkExt as _, StreamExt as _};
use tokio::time::{Instant, sleep_until, timeout};

use super::event::{Ending, Event, Transport};
use super::feed::{Feed, aside, subscribe_frame, subscription_of};
use super::remote::Remote;
use super::rooms::{Step, is_hidden};
use super::socket::{Connect, ConnectError, Incoming};
use crate::ClientError;
use crate::backoff::Backoff;
use crate::bearer::AccessToken;

const READY_WITHIN: Duration = Duration::from_secs(10);
const WRITE_WITHIN: Duration = Duration::from_secs(10);
/// A server is silent for no longer than two heartbeats and this.
const SILENCE_GRACE: Duration = Duration::from_secs(10);

/// What runs beside the socket.
enum Done {
    Page(RoomId, Result<TimelinePage, ClientError>),
    Token(Result<AccessToken, ClientError>),
    Resubscribe(RoomId),
}

/// What one connection knows.
struct Connection {
    tasks: FuturesUnordered<BoxFuture<'static, Done>>,
    token: Secret,
    refresh_at: Option<Instant>,
    silent_after: Duration,
    heard: Instant,
}

impl<R: Remote, C: Connect> Feed<R, C> {
    pub(super) async fn socket_session(&mut self) -> Ending {
        let (socket, token) = match self.open_socket().await {
            Ok(opened) => opened,
            Err(ending) => return ending,
        };
        let mut socket = socket;
        let mut connection = Connection {
            tasks: FuturesUnordered::new(),
            refresh_at: self.refresh_at(token.expires_at),
            token: token.token,
            silent_after: READY_WITHIN,
            heard: Instant::now(),
        };
        let ending = loop {
            if let Err(ending) = self.turn(&mut socket, &mut connection).await {
                break ending;
            }
        };
        if matches!(ending, Ending::TokenRefused { .. }) {
            self.refused = Some(connection.token);
        }
        let _ = timeout(Duration::from_secs(1), socket.close()).await;
        ending
    }

    async fn open_socket(&mut self) -> Result<(C::Socket, AccessToken), Ending> {
        let remote = self.remote.clone();
        let refused = self.refused.clone();
        let token = self.meanwhile(async move { remote.token(refused.as_ref()).await }).await?;
        let token = token.map_err(|e| Ending::of_error(&e))?;
        let (connect, secret) = (Arc::clone(&self.connect), token.token.clone());
        match self.meanwhile(async move { connect.connect(&secret).await }).await? {
            Ok(socket) => Ok((socket, token)),
            Err(e) => {
                let ending = ending_of_refusal(e);
                if matches!(ending, Ending::TokenRefused { .. }) {
                    self.refused = Some(token.token);
                }
                Err(ending)
            }
        }
    }

    /// Writes what is to be written, then takes one thing that happens.
    async fn turn(&mut self, socket: &mut C::Socket, connection: &mut Connection) -> Result<(), Ending> {
        self.write_out(socket).await?;
        let silent_at = connection.heard + connection.silent_after;
        let wake_at =
            [connection.refresh_at, self.queue.wakes_at().filter(|_| self.is_ready)].into_iter().flatten().min();
        tokio::select! {
            incoming = socket.next() => {
                connection.heard = Instant::now();
                self.on_incoming(incoming, connection).await
            }
            command = self.commands.recv() => self.take(command).await,
            Some(done) = connection.tasks.next(), if !connection.tasks.is_empty() => self.on_done(done, connection).await,
            () = sleep_until(silent_at) => Err(Ending::retry("the server is silent")),
            () = async { match wake_at { Some(at) => sleep_until(at).await, None => pending().await } } => {
                self.on_wake(connection);
                Ok(())
            }
        }
    }

    async fn write_out(&mut self, socket: &mut C::Socket) -> Result<(), Ending> {
        if self.is_ready {
            self.frames.extend(
                std::mem::take(&mut self.marks)
                    .into_iter()
                    .map(|(room_id, seq)| aside(ClientOp::Read { room_id, seq })),
            );
            if let Some(m) = self.queue.next_due(Instant::now()).cloned() {
                let traceparent = traceparent(m.room_id);
                let op =
                    ClientOp::Send { room_id: m.room_id, key: m.key, body: m.body, reply_to: m.reply_to, traceparent };
                self.frames.push_back(ClientFrame { id: None, op });
            }
        }
        if self.frames.is_empty() {
            return Ok(());
        }
        let texts: Vec<String> = self.frames.drain(..).filter_map(|f| serde_json::to_string(&f).ok()).collect();
        let written = timeout(WRITE_WITHIN, async {
            for text in texts {
                socket.feed(text).await?;
            }
            socket.flush().await
        });
        match written.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(e)) => Err(Ending::retry(e.0)),
            Err(_) => Err(Ending::retry("the server does not read")),
        }
    }

    fn on_wake(&mut self, connection: &mut Connection) {
        let now = Instant::now();
        if connection.refresh_at.is_some_and(|at| at <= now) {
            connection.refresh_at = None;
            let remote = self.remote.clone();
            connection.tasks.push(async move { Done::Token(remote.token(None).await) }.boxed());
        }
    }

    async fn on_incoming(
        &mut self,
        incoming: Option<Result<Incoming, super::SocketError>>,
        connection: &mut Connection,
    ) -> Result<(), Ending> {
        match incoming {
            Some(Ok(Incoming::Text(text))) => match serde_json::from_str::<ServerFrame>(&text) {
                Ok(frame) => self.on_frame(frame, connection).await,
                Err(e) => Err(Ending::retry(format!("a frame that is not of this protocol: {e}"))),
            },
            Some(Ok(Incoming::Alive)) => Ok(()),
            Some(Ok(Incoming::Closed { code, reason })) => Err(ending_of_close(code, reason)),
            Some(Err(e)) => Err(Ending::retry(e.0)),
            None => Err(Ending::retry("the connection was closed")),
        }
    }

    async fn on_frame(&mut self, frame: ServerFrame, connection: &mut Connection) -> Result<(), Ending> {
        if let Some(event) = self.queue.on_event(&frame.event, Instant::now()) {
            return self.emit(event).await;
        }
        let event = match frame.event {
            ServerEvent::Ready { user, heartbeat_s, .. } => {
                connection.silent_after = Duration::from_secs(heartbeat_s.clamp(1, 300)) * 2 + SILENCE_GRACE;
                return if self.is_ready { Ok(()) } else { self.begin(user).await };
            }
            ServerEvent::Error { code, retryable, key: None, room_id, retry_after_s, .. } => {
                let subscription = subscription_of(frame.id.as_ref());
                let is_aside = frame.id.is_some();
                return match subscription.or_else(|| room_id.filter(|_| is_hidden(code) && !is_aside)) {
                    Some(room) if retryable => {
                        let wait = Duration::from_secs(retry_after_s.unwrap_or(1).clamp(1, 60));
                        let again = tokio::time::sleep(wait).map(move |()| Done::Resubscribe(room));
                        connection.tasks.push(again.boxed());
                        Ok(())
                    }
                    Some(room) => {
                        let steps = self.rooms.end(room, Some(code));
                        self.follow(steps, connection).await
                    }
                    None => Ok(()),
                };
            }
            ServerEvent::Typing { room_id, user } => Event::Typing { room_id, user },
            ServerEvent::Presence { room_id, online, offline, full } => {
                Event::Presence { room_id, online, offline, full }
            }
            ServerEvent::Delivery { ok } => Event::Delivery { ok },
            other => {
                let steps = self.rooms.on_event(other);
                return self.follow(steps, connection).await;
            }
        };
        self.emit(event).await
    }

    /// The socket is logged in: subscribes to every room from its cursor.
    async fn begin(&mut self, user: chatapp_types::UserRef) -> Result<(), Ending> {
        self.is_ready = true;
        self.queue.restart();
        for (room_id, after) in self.rooms.restart() {
            self.write(subscribe_frame(room_id, after));
        }
        self.succeeded(user, Transport::Socket).await
    }

    async fn follow(&mut self, steps: Vec<Step>, connection: &mut Connection) -> Result<(), Ending> {
        for step in steps {
            match step {
                Step::Emit(event) => self.emit(event).await?,
                Step::Read { room_id, after, again } => {
                    let remote = self.remote.clone();
                    let wait = pause_before(again);
                    let read = async move {
                        tokio::time::sleep(wait).await;
                        Done::Page(room_id, remote.page(room_id, after, PAGE_MAX).await)
                    };
                    connection.tasks.push(read.boxed());
                }
            }
        }
        Ok(())
    }

    async fn on_done(&mut self, done: Done, connection: &mut Connection) -> Result<(), Ending> {
        match done {
            Done::Page(_, Err(e)) | Done::Token(Err(e)) if e.ends_session() => Err(Ending::of_error(&e)),
            Done::Page(room_id, result) => {
                let steps = self.rooms.on_page(room_id, result);
                self.follow(steps, connection).await
            }
            Done::Token(Ok(token)) => {
                connection.refresh_at = self.refresh_at(token.expires_at);
                connection.token = token.token.clone();
                self.write(ClientFrame { id: None, op: ClientOp::Auth { access_token: token.token } });
                Ok(())
            }
            Done::Token(Err(_)) => {
                connection.refresh_at = Some(Instant::now() + self.config.refresh_pause);
                Ok(())
            }
            Done::Resubscribe(room_id) => {
                let cursor = self.rooms.cursors().into_iter().find(|(id, _)| *id == room_id);
                if let Some((_, after)) = cursor {
                    self.write(subscribe_frame(room_id, after));
                }
                Ok(())
            }
        }
    }
}

/// The pause before a reading that is made again after `again` fruitless ones.
fn pause_before(again: u32) -> Duration {
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(10));
    (0..again.min(10)).map(|_| backoff.next_wait()).last().unwrap_or_default()
}

fn ending_of_refusal(error: ConnectError) -> Ending {
    match error {
        ConnectError::Network(reason) => Ending::retry(reason),
        ConnectError::Refused { status: 401, reason, .. } => Ending::TokenRefused { reason, session_over: false },
        ConnectError::Refused { status: 429 | 500..=599, retry_after, reason } => {
            Ending::Retry { reason, at_least: retry_after.unwrap_or_default() }
        }
        ConnectError::Refused { reason, .. } => Ending::NoSockets { reason },
    }
}

fn ending_of_close(code: u16, text: String) -> Ending {
    let reason = if text.is_empty() { format!("closed by the server ({code})") } else { text };
    if CloseReason::reconnects(code) {
        return Ending::retry(reason);
    }
    let is = |known: CloseReason| code == known.code();
    if is(CloseReason::SessionRevoked) {
        Ending::TokenRefused { reason, session_over: true }
    } else if is(CloseReason::TokenExpired) || is(CloseReason::Unauthenticated) {
        Ending::TokenRefused { reason, session_over: false }
    } else {
        Ending::Failed { reason }
    }
}

/// Where a message's trace begins, when this program sends traces somewhere: what follows is recorded by the gateway.
fn traceparent(room: RoomId) -> Option<String> {
    if !trace::is_on() {
        return None;
    }
    let span = tracing::info_span!(target: trace::TARGET, "send", otel.kind = "producer", otel.name = "send frame", room.id = %room);
    trace::of(&span).map(|context| context.to_string())
}
