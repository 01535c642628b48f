//! The one place of the full-screen interface that does things.

mod asking;
mod doing;
mod screen;
mod session;

use std::sync::Arc;
use std::time::Duration;

use chatapp_client::GatewayUrl;
use chatapp_client::live;
use chatapp_types::auth::TokenResponse;
use crossterm::event::{Event as Input, EventStream};
use futures::StreamExt as _;
use jiff::tz::TimeZone;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::event::{Beginning, Event};
use super::state::kept::Kept;
use super::state::{Look, Size, State};
use super::update::update;
use crate::console::Ends;
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use screen::Screen;
use session::Session;

/// The shortest time between two pictures when nobody presses keys: a busy room is drawn no more often.
const BETWEEN_PICTURES: Duration = Duration::from_millis(33);
/// Events that are taken before a picture is drawn.
const AT_ONCE: usize = 512;
/// How long the end waits for what is on its way.
const LAST_MOMENT: Duration = Duration::from_secs(2);

/// What comes back from what was begun.
enum Back {
    Event(Box<Event>),
    LoggedIn(GatewayUrl, Box<TokenResponse>),
}

struct Runner<'a> {
    context: &'a Context,
    state: State,
    poll: bool,
    screen: Screen,
    /// Nobody else reads the keys while it is there.
    input: Option<EventStream>,
    ends: Ends,
    back: mpsc::Sender<Back>,
    begun: mpsc::Receiver<Back>,
    session: Option<Session>,
    /// Files being written.
    writing: JoinSet<()>,
    /// The picture is not up to date; when it was drawn last.
    is_stale: bool,
    drawn: Instant,
    is_over: bool,
}

/// Opens the screen and serves it until the person leaves.
pub(super) async fn run(context: &Context, look: Look, poll: bool) -> Outcome {
    let known = session::known(context).await?;
    let screen = Screen::open(look.has_mouse)?;
    let (back, begun) = mpsc::channel(1024);
    let state = State::new(look, screen.size()?, TimeZone::system(), context.clock.now());
    let mut runner = Runner {
        context,
        state,
        poll,
        screen,
        input: Some(EventStream::new()),
        ends: Ends::new()?,
        back,
        begun,
        session: None,
        writing: JoinSet::new(),
        is_stale: true,
        drawn: Instant::now(),
        is_over: false,
    };
    if let Some((client, me)) = known {
        runner.begin(client, me).await?;
    } else {
        let url = context.known_url()?.map(|u| u.to_string());
        runner.take(Event::Newcomer { url, why: None });
    }
    runner.serve().await?;
    runner.finish().await
}

impl Runner<'_> {
    async fn serve(&mut self) -> Outcome {
        self.draw()?;
        while !self.is_over {
            let due = self.drawn + BETWEEN_PICTURES;
            let mut is_key = false;
            tokio::select! {
                input = next_key(&mut self.input) => {
                    is_key = true;
                    match input {
                        Some(Ok(input)) => self.input(input),
                        // The terminal is gone.
                        Some(Err(_)) | None => self.take(Event::Ended),
                    }
                }
                event = next_of(&mut self.session) => self.feed(event)?,
                Some(back) = self.begun.recv() => self.back(back).await?,
                () = self.ends.asked() => self.take(Event::Ended),
                () = sleep_until(due), if self.is_stale => {}
            }
            self.take_what_waits().await?;
            if self.is_stale && (is_key || Instant::now() >= due) {
                self.draw()?;
            }
        }
        Ok(())
    }

    /// Takes what has come meanwhile, so that one picture shows it all.
    async fn take_what_waits(&mut self) -> Outcome {
        for _ in 0..AT_ONCE {
            // What was asked for goes first: a busy feed must not keep it waiting.
            if let Ok(back) = self.begun.try_recv() {
                self.back(back).await?;
            } else if let Some(event) = self.session.as_mut().and_then(|s| s.events.try_next()) {
                self.feed(Some(event))?;
            } else {
                break;
            }
        }
        Ok(())
    }

    fn input(&mut self, input: Input) {
        let event = match input {
            Input::Key(key) => Event::Key(key),
            Input::Paste(text) => Event::Paste(text),
            Input::Mouse(mouse) => Event::Mouse(mouse),
            Input::Resize(columns, rows) => Event::Resized(Size { columns, rows }),
            Input::FocusGained => Event::InFront(true),
            Input::FocusLost => Event::InFront(false),
        };
        self.take(event);
    }

    fn feed(&mut self, event: Option<live::Event>) -> Outcome {
        let Some(event) = event else {
            // Its last word was why.
            if let Some(session) = &mut self.session {
                session.is_mute = true;
            }
            return Ok(());
        };
        if matches!(event, live::Event::LoggedOut { .. }) {
            if self.context.has_token() {
                return Err(Failure::new(Exit::NotLoggedIn, "the token is not good any more"));
            }
            self.context.forget_log_in()?;
        }
        self.take(Event::Feed(Box::new(event)));
        Ok(())
    }

    async fn back(&mut self, back: Back) -> Outcome {
        match back {
            Back::Event(event) => self.take(*event),
            Back::LoggedIn(url, answer) => {
                self.context.keep(&url, *answer)?;
                let client = self.context.client()?;
                let me = client.me_ref().await?;
                self.begin(client, me).await?;
            }
        }
        Ok(())
    }

    /// One is logged in: a session begins, in place of an older one.
    async fn begin(&mut self, client: chatapp_client::Client, me: chatapp_types::UserRef) -> Outcome {
        let session = Session::start(self.context, client, &me, self.poll, self.back.clone());
        let kept = if self.state.look.settings.offline { session.kept.recall() } else { Kept::default() };
        let (url, remembered) = (session.client.url().to_string(), session.memory.recall());
        let beginning = Beginning { me, url, remembered, kept };
        let resumed = session.resume().await?;
        self.session = Some(session);
        self.take(Event::Began(Box::new(beginning)));
        for message in resumed {
            self.take(Event::Kept(Box::new(message)));
        }
        Ok(())
    }

    /// Takes an event, and does what follows from it.
    fn take(&mut self, event: Event) {
        self.is_stale = true;
        self.state.now = self.context.clock.now();
        for effect in update(&mut self.state, event) {
            if let Err(failure) = self.act(effect) {
                self.state.complain(failure.to_string());
            }
        }
    }

    fn draw(&mut self) -> Outcome {
        let size = self.screen.size()?;
        if size != self.state.size {
            self.take(Event::Resized(size));
        }
        self.screen.draw(&self.state)?;
        (self.is_stale, self.drawn) = (false, Instant::now());
        Ok(())
    }

    /// The terminal is given back at once; what is on its way gets a moment.
    async fn finish(mut self) -> Outcome {
        self.screen.close();
        let unsent = self.state.unsent();
        if let Some(session) = self.session.take() {
            let _ = tokio::time::timeout(LAST_MOMENT, session.finish()).await;
        }
        let _ = tokio::time::timeout(LAST_MOMENT, async { while self.writing.join_next().await.is_some() {} }).await;
        if self.state.is_logged_out {
            // Also what was being written at that moment.
            self.context.forget_log_in()?;
        }
        if unsent > 0 {
            crate::output::remark(&format!("{unsent} message(s) are not sent yet; they are kept and sent next time"));
        }
        Ok(())
    }

    /// Waits for something beside the screen; it comes back as an event.
    fn spawn(&self, work: impl Future<Output = Back> + Send + 'static) {
        let back = self.back.clone();
        tokio::spawn(async move {
            // Nobody listens any more when the screen is closed.
            let _ = back.send(work.await).await;
        });
    }

    fn clock(&self) -> Arc<dyn chatapp_types::Clock> {
        Arc::clone(&self.context.clock)
    }
}

/// The next key; without a terminal to read, none ever.
async fn next_key(input: &mut Option<EventStream>) -> Option<std::io::Result<Input>> {
    match input {
        Some(input) => input.next().await,
        None => std::future::pending().await,
    }
}

/// What the feed tells next; without one, nothing ever.
async fn next_of(session: &mut Option<Session>) -> Option<live::Event> {
    match session {
        Some(session) if !session.is_mute => session.events.next().await,
        _ => std::future::pending().await,
    }
}
