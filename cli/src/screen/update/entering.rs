//! The questions before the log-in.

use chatapp_client::GatewayUrl;
use chatapp_types::{Secret, Username};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::screen::effect::{Effect, Request};
use crate::screen::event::{Given, Trouble};
use crate::screen::keymap::{Chord, Meaning, Place};
use crate::screen::state::State;
use crate::screen::state::entrance::{Entrance, Step};

pub(super) fn pressed(state: &mut State, key: KeyEvent) -> Vec<Effect> {
    let is_leaving =
        key.modifiers.contains(KeyModifiers::CONTROL) && matches!(key.code, KeyCode::Char('c' | 'd' | 'q'));
    if is_leaving {
        return vec![Effect::Quit];
    }
    let meaning = state.look.keymap.meaning(Place::Lists, &mut Vec::new(), key);
    let Some(entrance) = state.entrance.as_mut().filter(|e| !e.is_waiting) else { return vec![] };
    match (key.code, meaning) {
        (KeyCode::Enter, _) => return entered(entrance),
        (KeyCode::Esc, _) => back(entrance),
        (_, Meaning::Action(action)) => {
            entrance.field.edit(action);
        }
        _ => {
            if let Some(c) = Chord::of(key).typed() {
                entrance.field.insert(&c.to_string());
            }
        }
    }
    vec![]
}

/// One question back.
fn back(entrance: &mut Entrance) {
    entrance.message = None;
    let step = match entrance.step {
        Step::Url | Step::Name => Step::Url,
        Step::Again => Step::NewPassword,
        Step::Password | Step::NewPassword | Step::Create => Step::Name,
    };
    if step == Step::Url {
        entrance.url.clear();
    }
    if step <= Step::Name {
        entrance.name.clear();
    }
    entrance.go_to(step);
}

fn entered(entrance: &mut Entrance) -> Vec<Effect> {
    entrance.message = None;
    let typed = entrance.field.text().to_owned();
    let request = match entrance.step {
        Step::Url => {
            let text = if typed.trim().is_empty() { GatewayUrl::DEFAULT.to_owned() } else { typed.trim().to_owned() };
            Request::Gateway(text)
        }
        Step::Name if typed.trim().is_empty() => return vec![],
        Step::Name => Request::LookUp(typed.trim().to_owned()),
        Step::Password | Step::NewPassword | Step::Again if typed.is_empty() => return vec![],
        Step::Password => {
            let password = Secret::from(typed);
            entrance.password = Some(password.clone());
            Request::LogIn { name: entrance.name.clone(), password }
        }
        Step::NewPassword => {
            entrance.password = Some(Secret::from(typed));
            entrance.go_to(Step::Again);
            return vec![];
        }
        Step::Again => {
            let password = Secret::from(typed);
            if entrance.password.as_ref() != Some(&password) {
                entrance.go_to(Step::NewPassword);
                entrance.message = Some("The two passwords differ.".to_owned());
                return vec![];
            }
            Request::Register { name: entrance.name.clone(), password }
        }
        Step::Create => {
            let is_yes = matches!(typed.trim(), "y" | "Y" | "yes");
            let Some(password) = entrance.password.clone().filter(|_| is_yes) else {
                back(entrance);
                return vec![];
            };
            Request::Register { name: entrance.name.clone(), password }
        }
    };
    entrance.is_waiting = true;
    vec![Effect::Ask(request)]
}

/// An answer to a question before the log-in. That one is logged in comes as an event of its own.
pub(super) fn answered(state: &mut State, to: Request, got: Result<Given, Trouble>) -> Vec<Effect> {
    let Some(entrance) = &mut state.entrance else { return vec![] };
    match (to, got) {
        (Request::Gateway(_), Ok(Given::Gateway(url))) => {
            let is_open = GatewayUrl::parse(&url).is_ok_and(|u| !u.is_encrypted() && !u.is_loopback());
            entrance.url = url;
            entrance.go_to(Step::Name);
            if is_open {
                entrance.message = Some("Take care: the connection to this gateway is not encrypted.".to_owned());
            }
        }
        (Request::LookUp(name), Ok(Given::Known(known))) => looked_up(entrance, name, known),
        // The name may be new, where the gateway does not say who exists.
        (Request::LogIn { .. }, Err(trouble)) if trouble.is_wrong_password && entrance.message.is_none() => {
            wrong_password(entrance, trouble.text);
        }
        (
            to @ (Request::Gateway(_) | Request::LookUp(_) | Request::LogIn { .. } | Request::Register { .. }),
            Err(trouble),
        ) => {
            let step = if matches!(to, Request::Register { .. }) { Step::NewPassword } else { entrance.step };
            entrance.go_to(step);
            entrance.message = Some(trouble.text);
        }
        // What was asked before the log-in was over.
        _ => {}
    }
    vec![]
}

fn looked_up(entrance: &mut Entrance, name: String, known: Option<bool>) {
    entrance.is_unsure = known.is_none();
    if known == Some(false)
        && let Err(e) = Username::parse(&name)
    {
        entrance.go_to(Step::Name);
        entrance.message = Some(format!("Not a user name: {}", e.message));
        return;
    }
    entrance.name = name;
    entrance.go_to(if known == Some(false) { Step::NewPassword } else { Step::Password });
}

fn wrong_password(entrance: &mut Entrance, why: String) {
    entrance.go_to(if entrance.is_unsure { Step::Create } else { Step::Password });
    entrance.message = Some(why);
}
