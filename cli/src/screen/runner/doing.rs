//! What an update asked for is done.

use std::time::Duration;

use chatapp_client::GatewayUrl;
use crossterm::event::EventStream;

use super::session::Errand;
use super::{Back, Runner, asking};
use crate::attention;
use crate::exit::{Exit, Failure, Outcome};
use crate::outside;
use crate::screen::effect::{Alarm, Effect, Request};
use crate::screen::event::Event;

impl Runner<'_> {
    pub(super) fn act(&mut self, effect: Effect) -> Outcome {
        match effect {
            Effect::Ask(request) => self.ask(request)?,
            Effect::Follow { room, after } => self.errand(Errand::Follow { room, after })?,
            Effect::Unfollow(room) => self.errand(Errand::Unfollow(room))?,
            Effect::Post { room, text, reply_to } => {
                let posted = self.errand(Errand::Post { room, text: text.clone(), reply_to });
                if let Err(failure) = posted {
                    self.take(Event::NotKept { room, text, why: failure.to_string() });
                }
            }
            Effect::Settle(key) => self.errand(Errand::Settle(key))?,
            Effect::MarkRead { room, seq } => self.errand(Errand::MarkRead { room, seq })?,
            Effect::Typing(room) => self.errand(Errand::Typing(room))?,
            Effect::Wake { alarm, after } => self.wake(alarm, after),
            Effect::Call(call) => {
                let sequence = attention::raise(&self.state.look.settings.notify, &call);
                self.screen.signal(&sequence)?;
            }
            Effect::Copy(text) => self.screen.copy(&text)?,
            Effect::Open(link) => {
                outside::open_link(&self.state.look.settings.open_with, &link)?;
                self.state.say(format!("Opening {link}"));
            }
            Effect::Edit(text) => self.edit(&text)?,
            Effect::Redraw => self.screen.forget()?,
            Effect::Mouse(has_mouse) => self.screen.set_mouse(has_mouse)?,
            Effect::RememberLevel { room, level } => {
                self.remember(move |m| m.rooms.entry(room).or_default().level = level);
            }
            Effect::Remember { last_room, drafts } => self.remember(move |m| {
                m.last_room = last_room;
                for (room, draft) in drafts {
                    m.rooms.entry(room).or_default().draft = draft;
                }
            }),
            Effect::Keep(kept) => self.keep(*kept),
            Effect::Suspend => self.suspend()?,
            Effect::Quit => self.quit()?,
        }
        Ok(())
    }

    fn ask(&mut self, request: Request) -> Outcome {
        let clock = self.clock();
        match &self.session {
            Some(session) if self.state.entrance.is_none() => {
                self.spawn(asking::ask(session.client.clone(), self.state.me.id, clock, request));
            }
            _ => {
                let url = self.state.entrance.as_ref().map(|e| e.url.clone()).filter(|url| !url.is_empty());
                let url = url.map(|text| GatewayUrl::parse(&text)).transpose()?;
                if let Some(url) = &url {
                    // It has answered: it need not be asked for again.
                    self.context.store.set_url(&self.context.profile, url)?;
                }
                self.spawn(asking::ask_as_nobody(url, request));
            }
        }
        Ok(())
    }

    fn errand(&self, errand: Errand) -> Outcome {
        match &self.session {
            Some(session) => session.send(errand),
            None => Err(Failure::new(Exit::NotLoggedIn, "the live feed has ended; start chat anew")),
        }
    }

    fn wake(&self, alarm: Alarm, after: Duration) {
        self.spawn(async move {
            tokio::time::sleep(after).await;
            Back::Event(Box::new(Event::Alarm(alarm)))
        });
    }

    fn keep(&mut self, kept: crate::screen::state::kept::Kept) {
        let Some(file) = self.session.as_ref().map(|s| s.kept.clone()) else { return };
        if !self.state.look.settings.offline {
            return;
        }
        self.writing.spawn_blocking(move || {
            if let Err(e) = file.keep(&kept) {
                tracing::warn!(error = %e, "could not keep the rooms for the next time");
            }
        });
    }

    fn remember(&mut self, change: impl FnOnce(&mut crate::settings::Remembered) + Send + 'static) {
        let Some(memory) = self.session.as_ref().map(|s| s.memory.clone()) else { return };
        while self.writing.try_join_next().is_some() {}
        self.writing.spawn_blocking(move || {
            if let Err(e) = memory.update(change) {
                tracing::warn!(error = %e, "could not remember for the next time");
            }
        });
    }

    /// The terminal is the editor's until it ends. What comes meanwhile waits.
    fn edit(&mut self, text: &str) -> Outcome {
        let program = self.state.look.settings.editor.clone();
        let edited = self.lend(|| outside::edit(&program, text))?;
        self.take(Event::Edited(edited.map_err(|failure| failure.to_string())));
        Ok(())
    }

    fn suspend(&mut self) -> Outcome {
        Ok(self.lend(outside::suspend)??)
    }

    /// Whoever borrows the terminal reads its keys alone.
    fn lend<T>(&mut self, borrower: impl FnOnce() -> T) -> Outcome<T> {
        self.input = None;
        let result = self.screen.lend(borrower);
        self.input = Some(EventStream::new());
        Ok(result?)
    }

    fn quit(&mut self) -> Outcome {
        self.is_over = true;
        if self.state.is_logged_out {
            self.context.forget_log_in()?;
        }
        Ok(())
    }
}
