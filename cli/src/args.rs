//! The command line: which commands `chat` has. What each of them takes stands in `taken`.

mod taken;

use std::path::PathBuf;

use chatapp_client::GatewayUrl;
use chatapp_client::credentials::ProfileName;
use chatapp_types::{Role, Visibility};
use clap::{Args, Parser, Subcommand};

use crate::commands::interactive_help;
use crate::exit::EXIT_CODES;

use taken::word;
pub(crate) use taken::{
    BlockArgs, CodeArgs, CreateArgs, CredentialsArgs, HistoryArgs, MessageName, OutboxCommand, RoomsArgs, SendArgs,
    TailArgs, TokenCommand,
};

const ENVIRONMENT: &str = "\
Environment:
  CHAT_URL         the gateway's URL (as --url)
  CHAT_PROFILE     the profile (as --profile)
  CHAT_TOKEN       a script's token (`chat token create`), used in place of the profile's log-in
  CHAT_PASSWORD    the password for login, register and password
  CHAT_CONFIG_DIR  one folder for all files of chat, in place of the XDG ones
  CHAT_LOG         what to log to standard error, like `debug` or `chatapp_client=trace`; the full-screen
                   interface logs only where standard error is no terminal (`chat 2>chat.log`)
  CHATAPP_OTLP_ENDPOINT  a collector (OTLP over HTTP) to send the traces of requests to; by default they go nowhere
  SSL_CERT_FILE    certificates to trust for https, where the system's are not the right ones
  NO_COLOR         no colours in this help";

/// Chat in rooms from the terminal.
///
/// Without a command, on a terminal, it opens the full-screen interface; `chat --plain` goes line by line.
/// Rooms are named by their name or their id.
#[derive(Debug, Parser)]
#[command(name = "chat", version, after_long_help = format!("{}\n{EXIT_CODES}\n\n{ENVIRONMENT}", interactive_help()))]
#[command(after_help = "`chat help` also lists keys, commands, settings, exit codes and environment variables.")]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,

    #[command(flatten)]
    pub(crate) interactive: InteractiveArgs,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// How to open the interactive client.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub(crate) struct InteractiveArgs {
    /// Opens the line-by-line client instead of the full-screen interface
    #[arg(long)]
    pub(crate) plain: bool,

    /// Asks for new messages every 5 seconds instead of holding a WebSocket
    #[arg(long)]
    pub(crate) poll: bool,

    /// Uses vim's keys in the full-screen interface
    #[arg(long, conflicts_with = "plain")]
    pub(crate) vim: bool,

    /// The colours of the full-screen interface: dark, light or plain [default: as the terminal says]
    #[arg(long, value_name = "NAME", conflicts_with = "plain", value_parser = ["dark", "light", "plain"])]
    pub(crate) theme: Option<String>,
}

/// What every command takes.
#[derive(Clone, Debug, Args)]
pub(crate) struct GlobalArgs {
    /// The gateway's URL [default: the profile's, else port 8000 of this machine]
    #[arg(long, global = true, env = "CHAT_URL", value_name = "URL")]
    pub(crate) url: Option<GatewayUrl>,

    /// Which of several log-ins to use
    #[arg(long, global = true, env = "CHAT_PROFILE", value_name = "NAME", default_value = "default")]
    pub(crate) profile: ProfileName,

    /// Answers as lines of JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// What can be done without the interactive client.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Logs in and keeps the session in the profile
    Login(CredentialsArgs),
    /// Ends the session and forgets it
    Logout,
    /// Makes an account and logs in
    Register(CredentialsArgs),
    /// Shows who you are, and where
    Whoami,
    /// Changes the password; every other session ends
    Password {
        /// Reads the current and the new password from standard input, a line each
        #[arg(long)]
        password_stdin: bool,
    },
    /// Lists your sessions, or ends one
    Sessions {
        /// Ends the session of this id
        #[arg(long, value_name = "ID")]
        revoke: Option<chatapp_types::SessionId>,
    },
    /// Tokens for scripts
    #[command(subcommand)]
    Token(TokenCommand),

    /// Lists your rooms, or public ones
    Rooms(RoomsArgs),
    /// Makes a room
    Create(CreateArgs),
    /// Joins a room
    Join {
        /// The room; not needed with a code that the server made
        #[arg(required_unless_present = "code")]
        room: Option<String>,
        /// The secret code of a private room; `-` reads it from standard input
        #[arg(long, value_name = "CODE")]
        code: Option<String>,
    },
    /// Leaves a room
    Leave {
        /// The room
        room: String,
    },
    /// Renames a room
    Rename {
        /// The room
        room: String,
        /// Its new name
        name: String,
    },
    /// Sets a room's topic
    Topic {
        /// The room
        room: String,
        /// The topic; empty for none
        topic: String,
    },
    /// Makes a room private or public
    Visibility {
        /// The room
        room: String,
        /// `public` or `private`
        #[arg(value_parser = word::<Visibility>(&["public", "private"]))]
        visibility: Visibility,
    },
    /// Deletes a room and everything in it
    DeleteRoom {
        /// The room
        room: String,
        /// Does not ask
        #[arg(long)]
        yes: bool,
    },

    /// Sends a message
    Send(SendArgs),
    /// Lists, sends or drops messages that could not be sent yet
    #[command(subcommand)]
    Outbox(OutboxCommand),
    /// Shows a room's latest entries, and those to come with --follow
    Tail(TailArgs),
    /// Shows messages as they are now
    History(HistoryArgs),
    /// Searches messages
    Search {
        /// What to look for
        text: String,
        /// In this room alone
        #[arg(long, value_name = "ROOM")]
        room: Option<String>,
        /// At most so many
        #[arg(long, short = 'n', default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
    },
    /// Replaces the text of a message of yours
    Edit {
        /// The room
        room: String,
        /// The message's seq or id
        message: MessageName,
        /// The new text
        text: String,
    },
    /// Erases a message
    Delete {
        /// The room
        room: String,
        /// The message's seq or id
        message: MessageName,
    },

    /// Lists a room's members
    Members {
        /// The room
        room: String,
    },
    /// Adds a user to a room
    Add {
        /// The room
        room: String,
        /// Who
        user: String,
        /// What the user may do: `member` or `admin`
        #[arg(long, value_parser = word::<Role>(&["member", "admin"]))]
        role: Option<Role>,
    },
    /// Removes a member, who may come back if the room allows it
    Remove {
        /// The room
        room: String,
        /// Who
        user: String,
    },
    /// Keeps a user out
    Block(BlockArgs),
    /// Lifts a block
    Unblock {
        /// The room
        room: String,
        /// Who
        user: String,
    },
    /// Lists who is kept out
    Blocks {
        /// The room
        room: String,
    },
    /// Changes what a member may do
    Role {
        /// The room
        room: String,
        /// Who
        user: String,
        /// `member` or `admin`
        #[arg(value_parser = word::<Role>(&["member", "admin"]))]
        role: Role,
    },
    /// Gives a room to another member
    Transfer {
        /// The room
        room: String,
        /// Who becomes its owner
        user: String,
    },
    /// Makes a new secret code for a room (the old one opens nothing any more), or removes it
    Code(CodeArgs),
    /// Lists a room's acts of moderation, newest first
    Audit {
        /// The room
        room: String,
    },

    /// Writes completions for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Writes the manual pages
    Man {
        /// Into this folder, a file a command; without it the main page to standard output
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use chatapp_types::MessageId;
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_options_may_follow_the_command() {
        let cli =
            Cli::try_parse_from(["chat", "rooms", "--json", "--profile", "work", "--url", "localhost:9"]).unwrap();
        assert!(cli.global.json);
        assert_eq!(cli.global.url.unwrap().to_string(), "http://localhost:9");
    }

    #[test]
    fn a_message_is_named_by_seq_or_id() {
        assert_eq!("#12".parse(), Ok(MessageName::Seq(12)));
        assert_eq!("12".parse(), Ok(MessageName::Seq(12)));
        let id = MessageId::new();
        assert_eq!(id.to_string().parse(), Ok(MessageName::Id(id)));
        assert!("twelve".parse::<MessageName>().is_err());
    }

    #[test]
    fn an_answer_names_its_message_by_seq_or_id_as_an_edit_does() {
        let cli = Cli::try_parse_from(["chat", "send", "hall", "yes", "--reply-to", "12"]).unwrap();
        let Some(Command::Send(send)) = cli.command else { panic!("a send") };
        assert_eq!(send.reply_to, Some(MessageName::Seq(12)));
    }

    #[test]
    fn a_word_that_is_none_of_the_known_ones_is_refused_with_the_list_of_them() {
        let parsed = |word: &str| Cli::try_parse_from(["chat", "visibility", "hall", word]);
        let refusal = parsed("secret").unwrap_err().to_string();
        assert!(refusal.contains("public, private"), "{refusal}");
        assert!(parsed("private").is_ok());
    }

    #[test]
    fn a_block_takes_a_length_of_time_and_a_reason() {
        let cli = Cli::try_parse_from(["chat", "block", "hall", "bob", "--for", "1h30m", "--reason", "spam"]).unwrap();
        let Some(Command::Block(block)) = cli.command else { panic!("a block") };
        assert_eq!((block.length, block.reason.as_deref()), (Some(time::Duration::minutes(90)), Some("spam")));
    }
}
