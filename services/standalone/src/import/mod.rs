//! `chatapp import`: users, rooms and messages of the original become accounts, rooms and messages here.
//!
//! The original is read twice: once to decide about everything and to tell what is odd ([`survey`]), once to write
//! ([`transfer`]). What is imported gets ids that follow from what it was ([`ids`]), so a run finds what one before it
//! has done, however that one ended, and does the rest.

mod accounts;
mod ids;
mod names;
mod progress;
mod rooms;
mod source;
mod summary;
mod survey;
mod target;
mod texts;
mod transfer;
mod trouble;

use std::time::Instant;

use anyhow::Context as _;
use chatapp_service::Storage;
use chatapp_types::{Clock as _, SystemClock};
use clap::Args;

use crate::cli::JsonArg;
use crate::screen::{Screen, harmless};
use progress::Progress;
use source::OriginalUrl;
use summary::Summary;
use survey::Survey;
use target::Target;
use transfer::Transfer;
use trouble::Report;

/// What `--help` says at its end.
pub(crate) const RULES: &str = "\
Stop the platform first. An import needs the database for itself and says so
while `chatapp up` has it; on SQL Server, stop all services by yourself. Only
--dry-run may be used meanwhile.

It can be ended at any moment and run again: it finds what is done and does the
rest. Run later, it takes in what is new.

What becomes of what:
  Names      are kept in their normal form (`Ann` is `ann`), odd ones as they
             are; the second of two that are one by that gets a number
  Passwords  stay, and become argon2id at the first log-in
  Rooms      are public and keep their integer ids where those are free; they
             are owned by --owner, or else by who wrote first in them, or by
             the original's first user where nobody did
  Members    are those who wrote in a room
  Messages   keep author, time and order, and count as read; long ones are
             divided
  The rest   is listed: blank messages, and those of rooms that do not exist,
             are not imported";

/// What `--from` is.
const FROM: &str = "\
The original's database, mssql://user:password@host:1433/ChatAppDB, or a SQLite copy of its tables users, chat_rooms and \
messages; it is only read. A URL with a password is better given by the variable";

/// `chatapp import`.
#[derive(Args, Debug)]
pub(crate) struct ImportArgs {
    /// Where the original's database is.
    #[arg(long, env = "CHATAPP_IMPORT_FROM", hide_env_values = true, value_name = "URL|FILE", help = FROM)]
    from: OriginalUrl,
    /// Only say what would be imported, and what is odd
    #[arg(long)]
    dry_run: bool,
    /// Who owns the rooms: an account's name, here or in the original
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// For programs.
    #[command(flatten)]
    json: JsonArg,
}

/// Imports, or says what would be imported.
pub(crate) async fn import(args: ImportArgs, storage: &Storage, screen: Screen) -> anyhow::Result<()> {
    let begun = Instant::now();
    let original = source::open(&args.from).await?;
    let target = if args.dry_run { Target::look(storage).await? } else { Target::open(storage).await? };
    let mut report = Report::new(args.json.json.then_some(screen));
    let mut progress = Progress::new();
    let survey = Survey::make(&*original, &target, SystemClock.now(), &mut progress, &mut report).await?;
    let owner = args.owner.as_deref().map(|name| {
        survey.accounts.named(name).with_context(|| format!("there is no account {} for --owner", harmless(name)))
    });
    let owner = owner.transpose()?;
    let mut transfer = Transfer {
        original: &*original,
        target: &target,
        survey: &survey,
        progress: &mut progress,
        report: &mut report,
        writes: !args.dry_run,
    };
    let (accounts, rooms) = (transfer.accounts().await?, transfer.rooms(owner).await?);
    let messages = transfer.messages().await?;
    transfer.index().await?;
    drop(progress);
    let summary = Summary {
        dry_run: args.dry_run,
        accounts,
        rooms,
        messages,
        messages_left_out: survey.left_out,
        troubles: report.counts(),
        duration_ms: begun.elapsed().as_millis(),
    };
    summary.tell(&report, args.json.json, screen)
}
