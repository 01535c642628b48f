//! A socket of version 1, as `GET /v1/ws` opens it.
//!
//! What needs a service goes through the socket's [`Lane`](super::lane::Lane), in the order it was asked, and answers
//! into the outbox; what does not is answered at once. So `ping` is answered while a send waits for its commit.

mod conversation;
mod expiry;
mod malformed;
mod ops;
mod subscribe;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use chatapp_http::Caller;
use chatapp_types::auth::Scope;
use chatapp_types::frame::{ClientFrame, ClientOp, CloseReason, FrameId, ServerEvent};
use chatapp_types::{ErrorCode, Problem, RoomId};
use tokio::time::Instant;

use super::heartbeat::PING_EVERY;
use super::identity::Identity;
use super::lane::Lane;
use super::pump::Flow;
use super::seats::Seat;
use super::services::SocketServices;
use super::sockets::Registration;
use super::{Closing, Concern, Outbox, reply, text_of};
use crate::edge::Client;
use crate::hub::{Dialect, Subscription};
use expiry::Expiry;
use ops::{Done, Op, Worker};

/// How long a client has to log in.
const AUTH_WITHIN: Duration = Duration::from_secs(5);
/// How often heads of rooms that moved are told.
const HEADS_EVERY: Duration = Duration::from_secs(10);
/// One is shown to be typing at most this often; more is passed over.
const TYPING_EVERY: Duration = Duration::from_secs(1);
/// Frames that are none of the protocol's, after which the socket is closed.
const MALFORMED_MAX: u32 = 10;

struct Followed {
    subscription: Subscription,
    /// The head that the client was last told, by an entry or by `heads`.
    told: u64,
}

/// The conversation.
pub(crate) struct V1 {
    services: Arc<SocketServices>,
    client: Client,
    outbox: Arc<Outbox>,
    lane: Lane<(Option<FrameId>, Op), Done>,
    identity: Option<Arc<Identity>>,
    registration: Option<Registration>,
    rooms: HashMap<RoomId, Followed>,
    malformed: u32,
    auth_by: Instant,
    /// Set while there is news of a room to tell.
    heads_at: Option<Instant>,
    /// Whether there has been news since the last look at the heads.
    news: bool,
    typed_at: Option<Instant>,
    expiry: Option<Expiry>,
}

impl V1 {
    /// Begins; `seated` when the handshake brought a token, which has been checked, and its user had a seat left.
    pub(crate) fn begin(
        services: Arc<SocketServices>,
        client: Client,
        outbox: Arc<Outbox>,
        seated: Option<(Seat, Identity)>,
    ) -> Self {
        let now = Instant::now();
        let mut this = Self {
            services,
            client,
            outbox,
            lane: Lane::new(),
            identity: None,
            registration: None,
            rooms: HashMap::new(),
            malformed: 0,
            auth_by: now + AUTH_WITHIN,
            heads_at: None,
            news: false,
            typed_at: None,
            expiry: None,
        };
        if let Some((seat, identity)) = seated {
            this.register(seat, &identity);
            this.log_in(None, identity);
        }
        this
    }

    fn register(&mut self, seat: Seat, identity: &Identity) {
        let (sockets, session) = (&self.services.sockets, identity.caller.session);
        self.registration = Some(sockets.register(seat, &self.outbox, session, Dialect::V1));
    }

    /// The socket, which is registered, belongs to that identity from now on.
    fn log_in(&mut self, id: Option<FrameId>, identity: Identity) {
        let caller = &identity.caller;
        self.expiry = Some(Expiry::of(caller, &*self.services.clock));
        self.outbox.push(reply(id, self.ready(caller)));
        if !*self.services.hub.delivery().watch().borrow() {
            self.outbox.push(text_of(ServerEvent::Delivery { ok: false }));
        }
        self.identity = Some(Arc::new(identity));
    }

    fn ready(&self, caller: &Caller) -> ServerEvent {
        ServerEvent::Ready {
            user: caller.user_ref(),
            session_id: caller.session,
            heartbeat_s: PING_EVERY.as_secs(),
            limits: self.services.limits(),
        }
    }

    fn refuse(&self, concern: Concern, problem: impl Into<Problem>) {
        self.outbox.push(concern.error(problem.into()));
    }

    /// Refuses what is no frame of the protocol; too many of them close the socket.
    fn refuse_malformed(&mut self, concern: Concern, why: String) -> Flow {
        self.malformed += 1;
        self.refuse(concern, Problem::new(ErrorCode::Malformed).with_detail(why));
        if self.malformed >= MALFORMED_MAX {
            return ControlFlow::Break(CloseReason::BadProtocol.into());
        }
        ControlFlow::Continue(())
    }

    fn on_frame(&mut self, frame: ClientFrame) -> Flow {
        let id = frame.id;
        match frame.op {
            ClientOp::Auth { access_token } => self.lane.ask((id, Op::Auth { token: access_token, renewal: false })),
            // Without a log-in there is nothing else to ask, unless one is under way.
            _ if self.identity.is_none() && self.lane.is_idle() => {
                self.refuse(Concern { id, ..Concern::default() }, ErrorCode::Unauthenticated);
                return ControlFlow::Break(CloseReason::Unauthenticated.into());
            }
            ClientOp::Ping => self.outbox.push(reply(id, ServerEvent::Pong)),
            ClientOp::Typing { room_id } => self.on_typing(id, room_id),
            ClientOp::Subscribe { room_id, after } => self.lane.ask((id, Op::Subscribe { room: room_id, after })),
            ClientOp::Unsubscribe { room_id } => self.lane.ask((id, Op::Unsubscribe(room_id))),
            ClientOp::Send { room_id, key, body, reply_to, traceparent } => {
                let span = ops::send_span(room_id, traceparent.as_deref());
                self.lane.ask((id, Op::Send { room: room_id, key, body, reply_to, span }));
            }
            ClientOp::Read { room_id, seq } => self.on_read(id, room_id, seq),
        }
        self.begin_next()
    }

    /// A marker only moves forward, so of several that wait the last one will do.
    fn on_read(&mut self, id: Option<FrameId>, room: RoomId, seq: u64) {
        match self.lane.last_waiting() {
            Some((_, Op::Read { room: waiting, seq: mark })) if *waiting == room => *mark = seq.max(*mark),
            _ => self.lane.ask((id, Op::Read { room, seq })),
        }
    }

    fn on_typing(&mut self, id: Option<FrameId>, room_id: RoomId) {
        let concern = Concern { id, room_id: Some(room_id), key: None };
        let Some(identity) = &self.identity else { return };
        if let Err(problem) = identity.caller.require(Scope::Write) {
            return self.refuse(concern, problem);
        }
        let Some(followed) = self.rooms.get(&room_id).filter(|f| f.subscription.is_live()) else {
            let problem = Problem::new(ErrorCode::RoomNotFound).with_detail("subscribe to the room first");
            return self.refuse(concern, problem);
        };
        let now = Instant::now();
        if self.typed_at.is_none_or(|at| now.duration_since(at) >= TYPING_EVERY) {
            self.typed_at = Some(now);
            followed.subscription.say_typing();
        }
    }

    /// Begins what waits next, if nothing is under way.
    fn begin_next(&mut self) -> Flow {
        let Some((id, op)) = self.lane.take_next() else { return ControlFlow::Continue(()) };
        let worker = Worker { services: self.services.clone(), outbox: self.outbox.clone(), id };
        if let Op::Auth { token, renewal } = op {
            self.lane.begin(worker.identify(self.client.clone(), token, renewal));
            return ControlFlow::Continue(());
        }
        let Some(identity) = self.identity.clone() else {
            self.refuse(Concern { id: worker.id, ..Concern::default() }, ErrorCode::Unauthenticated);
            return ControlFlow::Break(CloseReason::Unauthenticated.into());
        };
        if op.counts()
            && let Err(problem) = self.services.limits.check_user(identity.caller.user)
        {
            self.refuse(op.concern(worker.id), problem);
            return self.begin_next();
        }
        let held = match &op {
            Op::Subscribe { room, .. } | Op::Unsubscribe(room) => self.rooms.remove(room).map(|f| f.subscription),
            _ => None,
        };
        if matches!(op, Op::Subscribe { .. }) && self.rooms.len() >= self.services.config.max_subscriptions {
            let problem = Problem::new(ErrorCode::Invalid).with_detail("this socket follows too many rooms");
            self.refuse(op.concern(worker.id), problem);
            return self.begin_next();
        }
        self.lane.begin(worker.work(identity, op, held));
        ControlFlow::Continue(())
    }

    fn on_done(&mut self, done: Done) -> Flow {
        match done {
            Done::Nothing => {}
            Done::Subscribed(room, subscription) => {
                let told = subscription.head();
                self.rooms.insert(room, Followed { subscription, told });
            }
            Done::Identified { renewal: true, result, .. } => self.on_renewed(result),
            Done::Identified { id, result, .. } => return self.on_identified(id, result),
        }
        self.begin_next()
    }

    fn on_identified(&mut self, id: Option<FrameId>, result: Result<Identity, Problem>) -> Flow {
        match result.and_then(|identity| self.admit(identity)) {
            Ok(identity) => {
                self.log_in(id, identity);
                self.begin_next()
            }
            Err(problem) => {
                let code = problem.code;
                self.refuse(Concern { id, ..Concern::default() }, problem);
                if self.identity.is_some() {
                    // The token that was good is so until it expires.
                    return self.begin_next();
                }
                ControlFlow::Break(closing_of_failed_login(code))
            }
        }
    }

    /// Registers the socket at its first log-in, if its user has a seat left; later it goes on under that session.
    fn admit(&mut self, identity: Identity) -> Result<Identity, Problem> {
        let caller = &identity.caller;
        if self.identity.as_ref().is_some_and(|held| held.caller.user != caller.user) {
            return Err(Problem::new(ErrorCode::Forbidden).with_detail("this socket belongs to another user"));
        }
        if let Some(registration) = &self.registration {
            registration.change_session(caller.session);
        } else {
            let seat = self.services.seats.take(caller.user)?;
            self.register(seat, &identity);
        }
        Ok(identity)
    }

    /// Without a new token the old one's end closes the socket.
    fn on_renewed(&mut self, result: Result<Identity, Problem>) {
        match result {
            Ok(identity) => {
                self.expiry = Some(Expiry::of(&identity.caller, &*self.services.clock));
                self.identity = Some(Arc::new(identity));
            }
            Err(problem) => tracing::debug!(error = %problem, "script's token could not be exchanged anew"),
        }
    }

    fn tell_heads(&mut self, now: Instant) {
        // Once more after the last news: a head is told by the room a moment after its entry is in the outbox.
        self.heads_at = self.news.then(|| now + HEADS_EVERY);
        self.news = false;
        self.outbox.forget_news();
        // What was cut off has been told so; here it is let go.
        self.rooms.retain(|_, followed| followed.subscription.is_live());
        let mut moved = BTreeMap::new();
        for (room, followed) in &mut self.rooms {
            let head = followed.subscription.head();
            if head > followed.told {
                followed.told = head;
                moved.insert(*room, head);
            }
        }
        if !moved.is_empty() {
            self.outbox.push(text_of(ServerEvent::Heads { rooms: moved }));
        }
    }
}

/// What a log-in that failed closes with.
fn closing_of_failed_login(code: ErrorCode) -> Closing {
    match code {
        ErrorCode::TokenExpired => CloseReason::TokenExpired.into(),
        ErrorCode::SessionRevoked => CloseReason::SessionRevoked.into(),
        ErrorCode::Unavailable | ErrorCode::Timeout | ErrorCode::RateLimited => Closing::TryAgain,
        _ => CloseReason::Unauthenticated.into(),
    }
}
