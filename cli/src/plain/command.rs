//! What a line typed in a room means: a message, or a command after a colon.

use chatapp_types::{Role, Username};

use crate::duration;

/// A line typed in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// Nothing.
    Nothing,
    /// A message.
    Message(String),
    /// A command.
    Command(Command),
    /// A command that is not right, and why.
    Wrong(String),
}

/// Which message is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// The latest one that fits.
    Latest,
    /// The one with this seq.
    Seq(u64),
}

/// What can be asked in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Back,
    Quit,
    Clear,
    Help,
    Numbers,
    History,
    Members,
    Who,
    Search(String),
    Reply(Target, String),
    Edit(Target, String),
    Delete(Target),
    Leave,
    Add(Username),
    Remove(Username),
    Block { user: Username, length: Option<time::Duration>, reason: Option<String> },
    Unblock(Username),
    Blocks,
    Private,
    Public,
    Code,
    RemoveCode,
    Topic(String),
    Rename(String),
    Role(Username, Role),
    Transfer(Username),
    Audit,
    DeleteRoom(String),
}

/// Each command with what it does, for `:help`.
pub(super) const HELP: &str = "\
:back                          back to the list of rooms
:clear                         clear the screen
:quit                          end (so does Ctrl+C)
:history                       earlier messages
:numbers                       show messages with their numbers, or without
:members                       who is in the room
:who                           who is online
:search TEXT                   search the room
:reply [#N] TEXT               answer message N, or the latest one of another
:edit [#N] TEXT                change message N of yours, or your latest one
:delete [#N]                   erase message N, or your latest one
:leave                         leave the room for good
For admins:
:add USER                      add a user
:remove USER                   remove a member
:block USER [TIME] [REASON]    keep a user out, for a time like 10m or 7d, or until unblocked
:unblock USER                  lift a block
:blocks                        who is kept out
:private, :public              make the room private or public
:code                          make a new secret code (shown once; the old one opens nothing)
:code remove                   remove the secret code
:topic [TEXT]                  set the topic, or remove it
:rename NAME                   rename the room
:audit                         acts of moderation
For the owner:
:role USER admin|member        appoint or dismiss an admin
:transfer USER                 give the room to another member
:delete-room NAME              delete the room; its name confirms it
A line that begins with two colons is sent as a message with one.";

impl Typed {
    /// Reads a line. A colon before anything but a letter is no command, so that `:)` is a message.
    pub(super) fn read(line: &str) -> Self {
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
    let simple = match word {
        "back" => Some(Command::Back),
        "quit" | "exit" => Some(Command::Quit),
        "clear" => Some(Command::Clear),
        "help" => Some(Command::Help),
        "numbers" => Some(Command::Numbers),
        "history" => Some(Command::History),
        "members" => Some(Command::Members),
        "who" => Some(Command::Who),
        "leave" => Some(Command::Leave),
        "blocks" => Some(Command::Blocks),
        "private" => Some(Command::Private),
        "public" => Some(Command::Public),
        "audit" => Some(Command::Audit),
        _ => None,
    };
    match simple {
        Some(command) if rest.is_empty() => Ok(command),
        Some(_) => Err(format!(":{word} takes nothing after it")),
        None => with_argument(word, rest),
    }
}

fn with_argument(word: &str, rest: &str) -> Result<Command, String> {
    match word {
        "search" => Ok(Command::Search(needed(rest, ":search TEXT")?)),
        "reply" => target(rest, ":reply [#N] TEXT").map(|(target, text)| Command::Reply(target, text)),
        "edit" => target(rest, ":edit [#N] TEXT").map(|(target, text)| Command::Edit(target, text)),
        "delete" => match number(rest) {
            _ if rest.is_empty() => Ok(Command::Delete(Target::Latest)),
            Some(seq) => Ok(Command::Delete(Target::Seq(seq))),
            None => Err(":delete [#N]".to_owned()),
        },
        "add" => user(rest, ":add USER").map(Command::Add),
        "remove" => user(rest, ":remove USER").map(Command::Remove),
        "unblock" => user(rest, ":unblock USER").map(Command::Unblock),
        "transfer" => user(rest, ":transfer USER").map(Command::Transfer),
        "block" => block(rest),
        "role" => role(rest),
        "code" if rest.is_empty() => Ok(Command::Code),
        "code" if rest == "remove" => Ok(Command::RemoveCode),
        "code" => Err(":code, or :code remove".to_owned()),
        "topic" => Ok(Command::Topic(rest.to_owned())),
        "rename" => Ok(Command::Rename(needed(rest, ":rename NAME")?)),
        "delete-room" => Ok(Command::DeleteRoom(needed(rest, ":delete-room NAME")?)),
        _ => Err(format!("there is no command :{word}; :help lists them (to send it as text, begin with two colons)")),
    }
}

fn block(rest: &str) -> Result<Command, String> {
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
    Ok(Command::Block { user, length, reason: (!reason.is_empty()).then(|| reason.to_owned()) })
}

fn role(rest: &str) -> Result<Command, String> {
    const USAGE: &str = ":role USER admin|member";
    let (name, role) = split(rest);
    let user = user(name, USAGE)?;
    match role.parse() {
        Ok(Role::Owner) => Err("to make someone the owner: :transfer USER".to_owned()),
        Ok(role) => Ok(Command::Role(user, role)),
        Err(_) => Err(USAGE.to_owned()),
    }
}

fn user(text: &str, usage: &str) -> Result<Username, String> {
    if text.is_empty() || text.contains(char::is_whitespace) {
        return Err(usage.to_owned());
    }
    Username::parse(text.strip_prefix('@').unwrap_or(text)).map_err(|e| format!("no user name: {}", e.message))
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
    use proptest::prelude::*;

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
            [":bakc", ":block", ":role bob king", ":role bob owner", ":edit", ":delete 5", ":back now", ":add a b"]
        {
            assert!(matches!(Typed::read(line), Typed::Wrong(_)), "{line}");
        }
    }

    #[test]
    fn a_block_has_a_length_and_a_reason_if_they_are_given() {
        let block =
            |length, reason: Option<&str>| Command::Block { user: bob(), length, reason: reason.map(str::to_owned) };
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
        for line in HELP.lines().filter(|line| line.starts_with(':')) {
            for word in line.split("  ").next().unwrap_or_default().split(", ") {
                let name = word.split(' ').next().unwrap_or_default();
                let typed = Typed::read(name);
                let unknown = matches!(&typed, Typed::Wrong(why) if why.starts_with("there is no"));
                assert!(!unknown, "{name}");
            }
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
