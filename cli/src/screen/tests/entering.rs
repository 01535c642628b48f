//! The first run.

use super::Story;
use super::story::trouble;
use crate::screen::effect::{Effect, Request};
use crate::screen::event::{Event, Given, Trouble};
use crate::screen::testing::state;

fn newcomer(url: Option<&str>) -> Story {
    let mut story = Story::begin();
    story.state = state();
    story.effects.clear();
    story.take(Event::Newcomer { url: url.map(str::to_owned), why: None });
    story
}

#[test]
fn a_newcomer_is_led_from_the_url_to_a_password_typed_twice() {
    let mut ann = newcomer(None);
    assert!(ann.text().contains("Where is the gateway?"), "{}", ann.text());
    ann.enters("localhost:9");
    ann.answer(&Request::Gateway("localhost:9".to_owned()), Ok(Given::Gateway("http://localhost:9".to_owned())));
    ann.enters("ann");
    ann.answer(&Request::LookUp("ann".to_owned()), Ok(Given::Known(Some(false))));
    assert!(ann.text().contains("This name is free"), "{}", ann.text());
    ann.enters("correct-horse-7");
    assert!(!ann.text().contains("correct-horse"), "a password is not shown");
    ann.enters("correct-hose-7");
    assert!(ann.text().contains("The two passwords differ."), "{}", ann.text());
    ann.enters("correct-horse-7");
    ann.enters("correct-horse-7");
    let register = Request::Register { name: "ann".to_owned(), password: "correct-horse-7".into() };
    assert!(ann.did(|e| *e == Effect::Ask(register.clone())), "{:?}", ann.effects.len());
}

#[test]
fn who_is_known_is_asked_for_the_password_and_again_when_it_is_wrong() {
    let mut ann = newcomer(Some("http://localhost:9"));
    ann.enters("ann");
    ann.answer(&Request::LookUp("ann".to_owned()), Ok(Given::Known(Some(true))));
    ann.enters("wrong-password");
    let log_in = Request::LogIn { name: "ann".to_owned(), password: "wrong-password".into() };
    ann.answer(&log_in, Err(Trouble { is_wrong_password: true, ..trouble("Wrong user name or password") }));
    assert!(
        ann.text().contains("Wrong user name or password") && ann.text().contains("Your password"),
        "{}",
        ann.text()
    );
}

#[test]
fn where_the_gateway_does_not_say_who_exists_a_wrong_password_offers_an_account() {
    let mut ann = newcomer(Some("http://localhost:9"));
    ann.enters("ann");
    ann.answer(&Request::LookUp("ann".to_owned()), Ok(Given::Known(None)));
    ann.enters("correct-horse-7");
    let log_in = Request::LogIn { name: "ann".to_owned(), password: "correct-horse-7".into() };
    ann.answer(&log_in, Err(Trouble { is_wrong_password: true, ..trouble("Wrong user name or password") }));
    assert!(ann.text().contains("Create the account?"), "{}", ann.text());
    ann.enters("y");
    assert!(ann.did(|e| matches!(e, Effect::Ask(Request::Register { .. }))));
}

#[test]
fn a_gateway_that_does_not_answer_is_asked_for_again() {
    let mut ann = newcomer(None);
    ann.press("enter");
    ann.answer(&Request::Gateway("http://127.0.0.1:8000".to_owned()), Err(trouble("it was looked for in vain")));
    assert!(ann.text().contains("it was looked for in vain") && ann.text().contains("Where is the gateway?"));
}

#[test]
fn the_way_back_is_esc_and_the_way_out_is_ctrl_c() {
    let mut ann = newcomer(Some("http://localhost:9"));
    ann.enters("ann");
    ann.answer(&Request::LookUp("ann".to_owned()), Ok(Given::Known(Some(true))));
    ann.press("esc");
    assert!(ann.text().contains("Your name"), "{}", ann.text());
    ann.press("esc");
    assert!(ann.text().contains("Where is the gateway?"), "{}", ann.text());
    ann.press("ctrl+c");
    assert!(ann.did(|e| *e == Effect::Quit));
}
