//! What each command takes.

use chatapp_types::auth::Scope;
use chatapp_types::{MessageId, SendKey};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};

use crate::duration;

/// Whose account.
#[derive(Debug, Args)]
pub(crate) struct CredentialsArgs {
    /// The user name; asked for when missing
    pub(crate) username: Option<String>,
    /// Reads the password from standard input, one line
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

/// Tokens for scripts.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Makes a token and shows it, this once
    Create {
        /// A name to know it by
        name: String,
        /// What it may do: read, write, moderate (several by commas) [default: read,write]
        #[arg(long, value_delimiter = ',', value_parser = word::<Scope>(&["read", "write", "moderate"]))]
        scope: Vec<Scope>,
        /// How long it is good, like 90d [default: until it is revoked]
        #[arg(long, value_name = "TIME", value_parser = duration::parse)]
        expires: Option<time::Duration>,
    },
    /// Lists your tokens, without their values
    List,
    /// Ends a token
    Revoke {
        /// Its name
        name: String,
    },
}

/// Which rooms.
#[derive(Debug, Args)]
pub(crate) struct RoomsArgs {
    /// Every public room instead of yours
    #[arg(long)]
    pub(crate) public: bool,
    /// Only rooms whose name holds this
    #[arg(long, short = 's', value_name = "TEXT")]
    pub(crate) search: Option<String>,
    /// At most so many
    #[arg(long, short = 'n', default_value_t = 1_000)]
    pub(crate) limit: usize,
}

/// What room.
#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    /// Its name
    pub(crate) name: String,
    /// Only who is added or has its secret code comes in; the code is shown this once
    #[arg(long)]
    pub(crate) private: bool,
    /// What it is about
    #[arg(long)]
    pub(crate) topic: Option<String>,
    /// A secret code of your own choice; `-` reads it from standard input
    #[arg(long, value_name = "CODE", requires = "private")]
    pub(crate) code: Option<String>,
    /// Newcomers read only what comes after they joined
    #[arg(long)]
    pub(crate) since_join: bool,
}

/// What to send.
#[derive(Debug, Args)]
pub(crate) struct SendArgs {
    /// The room
    pub(crate) room: String,
    /// The text; standard input, as one message, when missing
    pub(crate) text: Option<String>,
    /// A message for each line of standard input
    #[arg(long, conflicts_with_all = ["text", "key"])]
    pub(crate) lines: bool,
    /// The message it answers, by its seq or id
    #[arg(long, value_name = "MESSAGE")]
    pub(crate) reply_to: Option<MessageName>,
    /// The message's key, a UUID: the same key and text are sent once, however often the command runs
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<SendKey>,
    /// How long to repeat a send that gets no answer
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration::parse)]
    pub(crate) patience: time::Duration,
}

/// Unsent messages.
#[derive(Debug, Subcommand)]
pub(crate) enum OutboxCommand {
    /// Lists what is not yet sent
    List,
    /// Sends it
    Send,
    /// Drops a message; it may have arrived all the same
    Drop {
        /// Its key
        key: SendKey,
    },
}

/// Which entries.
#[derive(Debug, Args)]
pub(crate) struct TailArgs {
    /// The room
    pub(crate) room: String,
    /// Goes on with what is to come
    #[arg(long, short = 'f')]
    pub(crate) follow: bool,
    /// Every entry after this seq, instead of the latest ones
    #[arg(long, value_name = "SEQ", conflicts_with = "limit")]
    pub(crate) since: Option<u64>,
    /// The latest so many
    #[arg(long, short = 'n', default_value_t = 10)]
    pub(crate) limit: u64,
    /// Asks every 5 seconds instead of holding a WebSocket
    #[arg(long)]
    pub(crate) poll: bool,
}

/// Which messages.
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// The room
    pub(crate) room: String,
    /// Those before this seq
    #[arg(long, value_name = "SEQ", group = "part")]
    pub(crate) before: Option<u64>,
    /// Those after this seq
    #[arg(long, value_name = "SEQ", group = "part")]
    pub(crate) after: Option<u64>,
    /// Those on both sides of this seq
    #[arg(long, value_name = "SEQ", group = "part")]
    pub(crate) around: Option<u64>,
    /// At most so many
    #[arg(long, short = 'n', default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub(crate) limit: u32,
    /// With the messages' seqs, by which `edit` and `delete` name them
    #[arg(long)]
    pub(crate) numbers: bool,
}

/// Whom to keep out.
#[derive(Debug, Args)]
pub(crate) struct BlockArgs {
    /// The room
    pub(crate) room: String,
    /// Who
    pub(crate) user: String,
    /// For how long, like 10m or 7d [default: until it is lifted]
    #[arg(long = "for", value_name = "TIME", value_parser = duration::parse)]
    pub(crate) length: Option<time::Duration>,
    /// Why; seen by owner and admins
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
}

/// What code.
#[derive(Debug, Args)]
pub(crate) struct CodeArgs {
    /// The room
    pub(crate) room: String,
    /// A code of your own choice; `-` reads it from standard input
    #[arg(long, value_name = "CODE")]
    pub(crate) set: Option<String>,
    /// How long it is good, like 24h
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    pub(crate) expires: Option<time::Duration>,
    /// How many times it opens the room
    #[arg(long, value_name = "TIMES", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) uses: Option<u32>,
    /// Removes the code: one comes in only by being added
    #[arg(long, conflicts_with_all = ["set", "expires", "uses"])]
    pub(crate) remove: bool,
}

/// A message, as it is named on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MessageName {
    /// By its place in the room.
    Seq(u64),
    /// By its id.
    Id(MessageId),
}

impl std::str::FromStr for MessageName {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let seq = text.strip_prefix('#').unwrap_or(text).parse().map(Self::Seq);
        seq.or_else(|_| text.parse().map(Self::Id)).map_err(|_| "neither a seq nor an id".to_owned())
    }
}

/// Reads one of the protocol's words, which the help and a refusal list.
pub(super) fn word<T>(words: &[&'static str]) -> impl TypedValueParser<Value = T>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(words).try_map(|text| text.parse::<T>())
}
