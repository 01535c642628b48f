//! From a line to what it means.

use chatapp_types::{History, Role, Visibility};

use super::{Change, Command, Level, NewCode, Pane, ScreenCommand, Target, Typed, user};
use crate::duration;

impl Typed {
    /// Reads a line. A colon before anything but a letter is no command, so that `:)` is a message.
    pub(crate) fn read(line: &str) -> Self {
        let text = line.trim_end();
        if text.trim().is_empty() {
            return Self::Nothing;
        }
        if let Some(rest) = text.strip_prefix("::") {
            return Self::Message(format!(":{rest}"));
        }
        match text.strip_prefix(':') {
            Some(rest) if rest.starts_with(|c: char| c.is_ascii_alphabetic()) => match command(rest) {
                Ok(command) => Self::Command(command),
                Err(why) => Self::Wrong(why),
            },
            _ => Self::Message(text.to_owned()),
        }
    }
}

fn command(text: &str) -> Result<Command, String> {
    let (word, rest) = split(text);
    match simple(word) {
        Some(command) if rest.is_empty() => Ok(command),
        Some(_) => Err(format!(":{word} takes nothing after it")),
        None => of_room(word, rest).or_else(|| of_message(word, rest)).or_else(|| of_admin(word, rest)).unwrap_or_else(
            || {
                Err(format!(
                    "there is no command :{word}; :help lists them (to send it as text, begin with two colons)"
                ))
            },
        ),
    }
}

fn simple(word: &str) -> Option<Command> {
    Some(match word {
        "back" => Command::Back,
        "quit" | "exit" => Command::Quit,
        "clear" => Command::Clear,
        "help" => Command::Help,
        "numbers" => Command::Numbers,
        "rooms" => Command::Rooms,
        "next" => Command::NextUnread,
        "last" => Command::LastRoom,
        "unread" => Command::Unread,
        "history" => Command::History,
        "members" => Command::Members,
        "who" => Command::Who,
        "editor" => Command::Editor,
        "retry" => Command::Retry,
        "drop" => Command::Drop,
        "leave" => Command::Leave,
        "blocks" => Command::Blocks,
        "private" => Command::Change(Change::Visibility(Visibility::Private)),
        "public" => Command::Change(Change::Visibility(Visibility::Public)),
        "audit" => Command::Audit,
        "whoami" => Command::Whoami,
        "status" => Command::Status,
        "logout" => Command::LogOut,
        "mouse" => Command::Screen(ScreenCommand::Mouse),
        "vim" => Command::Screen(ScreenCommand::Vim),
        _ => return None,
    })
}

/// Commands about rooms and about how they are shown.
fn of_room(word: &str, rest: &str) -> Option<Result<Command, String>> {
    let create = |is_private| move |name| Command::Create { name, is_private };
    Some(match word {
        "room" | "join" => needed(rest, ":room NAME").map(Command::Room),
        "find" => Ok(Command::Find(rest.to_owned())),
        "create" => needed(rest, ":create NAME").map(create(false)),
        "create-private" => needed(rest, ":create-private NAME").map(create(true)),
        "enter" => needed(rest, ":enter [ROOM-ID] CODE").map(Command::Enter),
        "notify" => level(rest).map(Command::Notify),
        "theme" => needed(rest, ":theme dark|light|plain").map(|name| Command::Screen(ScreenCommand::Theme(name))),
        "pane" => match rest {
            "rooms" => Ok(Command::Screen(ScreenCommand::Panes(Pane::Rooms))),
            "members" => Ok(Command::Screen(ScreenCommand::Panes(Pane::Members))),
            _ => Err(":pane rooms|members".to_owned()),
        },
        _ => return None,
    })
}

/// Commands about messages.
fn of_message(word: &str, rest: &str) -> Option<Result<Command, String>> {
    Some(match word {
        "search" => needed(rest, ":search TEXT").map(|text| Command::Search { text, everywhere: false }),
        "search-all" => needed(rest, ":search-all TEXT").map(|text| Command::Search { text, everywhere: true }),
        "goto" => number(rest).map(Command::Goto).ok_or_else(|| ":goto #N".to_owned()),
        "reply" => target(rest, ":reply [#N] TEXT").map(|(target, text)| Command::Reply(target, text)),
        "edit" if only_target(rest, "").is_ok() => only_target(rest, "").map(Command::BeginEdit),
        "edit" => target(rest, ":edit [#N] [TEXT]").map(|(target, text)| Command::Edit(target, text)),
        "delete" => only_target(rest, ":delete [#N]").map(Command::Delete),
        "copy" => only_target(rest, ":copy [#N]").map(Command::Copy),
        "open" => only_target(rest, ":open [#N]").map(Command::Open),
        _ => return None,
    })
}

/// Commands for owner and admins.
fn of_admin(word: &str, rest: &str) -> Option<Result<Command, String>> {
    let change = match word {
        "add" => user(rest, ":add USER").map(Change::Add),
        "remove" => user(rest, ":remove USER").map(Change::Remove),
        "unblock" => user(rest, ":unblock USER").map(Change::Unblock),
        "transfer" => user(rest, ":transfer USER").map(Change::Transfer),
        "block" => block(rest),
        "role" => role(rest),
        "code" if rest == "remove" => Ok(Change::RemoveCode),
        "code" => return Some(code(rest).map(Command::Code)),
        "topic" => Ok(Change::Topic(rest.to_owned())),
        "rename" => needed(rest, ":rename NAME").map(Change::Rename),
        "newcomers" => match rest.parse::<History>() {
            Ok(history) => Ok(Change::Newcomers(history)),
            Err(_) => Err(":newcomers full|since_join".to_owned()),
        },
        "delete-room" => return Some(needed(rest, ":delete-room NAME").map(Command::DeleteRoom)),
        _ => return None,
    };
    Some(change.map(Command::Change))
}

fn level(rest: &str) -> Result<Option<Level>, String> {
    match rest {
        "" => Ok(None),
        "all" => Ok(Some(Level::All)),
        "mentions" => Ok(Some(Level::Mentions)),
        "none" => Ok(Some(Level::None)),
        _ => Err(":notify all|mentions|none".to_owned()),
    }
}

fn code(rest: &str) -> Result<NewCode, String> {
    const USAGE: &str = ":code [for TIME] [uses N] [is CODE], or :code remove";
    let mut wanted = NewCode::default();
    let mut words = rest.split_whitespace();
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| USAGE.to_owned())?;
        match word {
            "for" => wanted.lasts = Some(duration::parse(value)?),
            "uses" => wanted.uses = Some(value.parse().ok().filter(|n| *n > 0).ok_or_else(|| USAGE.to_owned())?),
            "is" => wanted.code = Some(value.to_owned()),
            _ => return Err(USAGE.to_owned()),
        }
    }
    Ok(wanted)
}

fn only_target(rest: &str, usage: &str) -> Result<Target, String> {
    match number(rest) {
        _ if rest.is_empty() => Ok(Target::Latest),
        Some(seq) => Ok(Target::Seq(seq)),
        None => Err(usage.to_owned()),
    }
}

fn block(rest: &str) -> Result<Change, String> {
    let (name, rest) = split(rest);
    let user = user(name, ":block USER [TIME] [REASON]")?;
    let (first, after) = split(rest);
    let (length, reason) = match duration::parse(first) {
        Ok(length) => (Some(length), after),
        // A mistyped time must not become the reason of a block without end.
        Err(why) if first.starts_with(|c: char| c.is_ascii_digit()) => {
            return Err(format!("{why}; nobody is blocked"));
        }
        Err(_) => (None, rest),
    };
    Ok(Change::Block { user, length, reason: (!reason.is_empty()).then(|| reason.to_owned()) })
}

fn role(rest: &str) -> Result<Change, String> {
    const USAGE: &str = ":role USER admin|member";
    let (name, role) = split(rest);
    let user = user(name, USAGE)?;
    match role.parse() {
        Ok(Role::Owner) => Err("to make someone the owner: :transfer USER".to_owned()),
        Ok(role) => Ok(Change::Role(user, role)),
        Err(_) => Err(USAGE.to_owned()),
    }
}

fn target(rest: &str, usage: &str) -> Result<(Target, String), String> {
    let (first, after) = split(rest);
    let begins_with_digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let is_number = !first.is_empty() && first.bytes().all(|b| b.is_ascii_digit());
    match number(first) {
        Some(seq) => Ok((Target::Seq(seq), needed(after, usage)?)),
        // Taken as text, a mistyped number would change or answer the wrong message.
        None if first.strip_prefix('#').is_some_and(begins_with_digit) => {
            Err(format!("{first:?} is no message's number; {usage}"))
        }
        None if is_number && !after.is_empty() => Err(format!("message {first} is named by #{first}; {usage}")),
        None => Ok((Target::Latest, needed(rest, usage)?)),
    }
}

fn number(text: &str) -> Option<u64> {
    text.strip_prefix('#')?.parse().ok()
}

fn needed(text: &str, usage: &str) -> Result<String, String> {
    if text.is_empty() { Err(usage.to_owned()) } else { Ok(text.to_owned()) }
}

/// The first word and the rest.
fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    text.split_once(char::is_whitespace).map_or((text, ""), |(word, rest)| (word, rest.trim_start()))
}

#[cfg(test)]
mod tests {
    use chatapp_types::Username;
    use proptest::prelude::*;

    use super::super::COMMANDS;
    use super::*;

    fn bob() -> Username {
        Username::parse("bob").expect("a name")
    }

    fn read(line: &str) -> Command {
        match Typed::read(line) {
            Typed::Command(command) => command,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn a_line_is_a_message_unless_it_is_a_command() {
        assert_eq!(Typed::read("hello"), Typed::Message("hello".to_owned()));
        assert_eq!(Typed::read(":) hello"), Typed::Message(":) hello".to_owned()));
        assert_eq!(Typed::read("::back"), Typed::Message(":back".to_owned()));
        assert_eq!(Typed::read("   "), Typed::Nothing);
        assert_eq!(read(":back"), Command::Back);
        assert_eq!(read(":clear "), Command::Clear);
    }

    #[test]
    fn a_mistyped_command_is_not_sent_to_the_room() {
        for line in
            [":bakc", ":block", ":role bob king", ":role bob owner", ":reply", ":delete 5", ":back now", ":add a b"]
        {
            assert!(matches!(Typed::read(line), Typed::Wrong(_)), "{line}");
        }
    }

    #[test]
    fn a_block_has_a_length_and_a_reason_if_they_are_given() {
        let block = |length, reason: Option<&str>| {
            Command::Change(Change::Block { user: bob(), length, reason: reason.map(str::to_owned) })
        };
        let ten_minutes = Some(time::Duration::minutes(10));
        assert_eq!(read(":block bob"), block(None, None));
        assert_eq!(read(":block @bob 10m"), block(ten_minutes, None));
        assert_eq!(read(":block bob 10m being rude"), block(ten_minutes, Some("being rude")));
        assert_eq!(read(":block bob being rude"), block(None, Some("being rude")));
    }

    #[test]
    fn a_mistyped_time_is_not_the_reason_of_a_block_without_end() {
        for line in [":block bob 10min being rude", ":block bob 10", ":block bob 0s", ":block bob 1x rude"] {
            let Typed::Wrong(why) = Typed::read(line) else { panic!("{line}") };
            assert!(why.contains("length of time like 90s, 10m"), "{why}");
        }
    }

    #[test]
    fn a_message_is_named_by_its_number_or_is_the_latest() {
        assert_eq!(read(":edit the text"), Command::Edit(Target::Latest, "the text".to_owned()));
        assert_eq!(read(":edit #12 the text"), Command::Edit(Target::Seq(12), "the text".to_owned()));
        assert_eq!(read(":edit #hashtag"), Command::Edit(Target::Latest, "#hashtag".to_owned()));
        assert_eq!(read(":edit"), Command::BeginEdit(Target::Latest));
        assert_eq!(read(":edit #12"), Command::BeginEdit(Target::Seq(12)));
        assert_eq!(read(":delete #3"), Command::Delete(Target::Seq(3)));
        assert_eq!(read(":reply yes"), Command::Reply(Target::Latest, "yes".to_owned()));
        assert_eq!(read(":reply 42"), Command::Reply(Target::Latest, "42".to_owned()));
    }

    #[test]
    fn a_mistyped_number_changes_and_answers_no_other_message() {
        for line in
            [":edit #5: text", ":edit #5x text", ":reply #99999999999999999999 text", ":edit 5 text", ":reply 5 t"]
        {
            assert!(matches!(Typed::read(line), Typed::Wrong(_)), "{line}");
        }
    }

    #[test]
    fn every_command_of_the_help_is_known() {
        for described in COMMANDS {
            let typed = Typed::read(&format!(":{}", described.name));
            let unknown = matches!(&typed, Typed::Wrong(why) if why.starts_with("there is no"));
            assert!(!unknown, "{}", described.name);
        }
    }

    #[test]
    fn a_code_has_a_life_a_number_of_uses_and_a_text_if_they_are_given() {
        assert_eq!(read(":code"), Command::Code(NewCode::default()));
        assert_eq!(read(":code remove"), Command::Change(Change::RemoveCode));
        let wanted = NewCode {
            lasts: Some(time::Duration::hours(2)),
            uses: Some(5),
            code: Some("open sesame".replace(' ', "-")),
        };
        assert_eq!(read(":code for 2h uses 5 is open-sesame"), Command::Code(wanted));
        for line in [":code now", ":code uses 0", ":code for", ":code for ever"] {
            assert!(matches!(Typed::read(line), Typed::Wrong(_)), "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_read(line in any::<String>(), after in any::<String>()) {
            Typed::read(&line);
            for word in ["block", "edit", "reply", "delete", "role", "code", "add"] {
                Typed::read(&format!(":{word} {after}"));
            }
        }
    }
}
