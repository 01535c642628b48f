//! Which accounts the original's users become, and who wrote which message.

use std::collections::HashMap;

use chatapp_auth::import::{ImportedAccount, KnownAccount, is_importable, unknown_password};
use chatapp_types::{RoomName, Timestamp, UserId, Username};

use super::ids;
use super::names::NameBook;
use super::source::OriginalUser;
use super::trouble::{Kind, Trouble};

/// Names without a single visible character are shown as this, where messages have them.
const NAMELESS: &str = "unknown";

/// An author of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Author {
    /// The account.
    pub(super) id: UserId,
    /// What it is good for.
    pub(super) standing: Standing,
}

/// What an account is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Somebody can log in to it.
    Owned,
    /// It gives messages their author's name.
    NameOnly,
    /// It was deleted here.
    Deleted,
}

/// All accounts there will be, decided one by one in the order of the original.
pub(super) struct Accounts {
    now: Timestamp,
    /// What is here already: deleted accounts have no name.
    known: HashMap<UserId, Option<String>>,
    names: NameBook,
    /// By the name in the original.
    authors: HashMap<String, Author>,
    /// By what is left of that name when case and the like are taken from it, for a name that is found nowhere else.
    folded: HashMap<String, Author>,
    /// By the name here.
    here: HashMap<String, UserId>,
    /// The first that somebody can log in to.
    first: Option<UserId>,
    /// To be made.
    pub(super) new: Vec<ImportedAccount>,
    /// How many are here already.
    pub(super) there: u64,
}

impl Accounts {
    /// With what is here.
    pub(super) fn new(known: Vec<KnownAccount>, now: Timestamp) -> Self {
        let mut names = NameBook::default();
        let mut here = HashMap::new();
        for account in &known {
            names.note(account.username.as_deref(), account.skeleton.as_deref());
            here.extend(account.username.clone().map(|name| (name, account.id)));
        }
        Self {
            now,
            known: known.into_iter().map(|account| (account.id, account.username)).collect(),
            names,
            here,
            authors: HashMap::new(),
            folded: HashMap::new(),
            first: None,
            new: Vec::new(),
            there: 0,
        }
    }

    /// Decides about the next of the original's users.
    pub(super) fn add_user(&mut self, user: &OriginalUser) -> anyhow::Result<Vec<Trouble>> {
        let name = user.username.as_deref().unwrap_or_default();
        let twin = if self.authors.contains_key(name) { user.id } else { 0 };
        let id = ids::user(name, twin);
        let mut troubles = Vec::new();
        let standing = if let Some(present) = self.known.get(&id).cloned() {
            self.there += 1;
            troubles.extend(met_again(user, present.as_deref()));
            if present.is_some() { Standing::Owned } else { Standing::Deleted }
        } else {
            let hash = user.hashed_password.as_deref().filter(|hash| is_importable(hash)).map(str::to_owned);
            if hash.is_none() {
                troubles.push(Trouble::new(Kind::PasswordUnusable, user.id, name));
            }
            troubles.extend(self.make(id, user.id, name, hash, false)?);
            Standing::Owned
        };
        if standing == Standing::Owned {
            self.first.get_or_insert(id);
        }
        self.remember(name, Author { id, standing });
        Ok(troubles)
    }

    /// Who wrote a message with that name on it. A name that nobody has becomes an account that nobody can log in to.
    pub(super) fn author(&mut self, name: &str) -> anyhow::Result<(Author, Vec<Trouble>)> {
        if let Some(author) = self.authors.get(name).or_else(|| self.folded.get(&fold(name))) {
            return Ok((*author, Vec::new()));
        }
        let id = ids::author(&fold(name));
        let mut troubles = Vec::new();
        let standing = match self.known.get(&id) {
            Some(Some(_)) => Standing::NameOnly,
            Some(None) => Standing::Deleted,
            None => {
                let shown = if fold(name).is_empty() { NAMELESS } else { name };
                troubles.push(Trouble::new(Kind::AuthorWithoutAccount, None, shown));
                troubles.extend(self.make(id, None, shown, None, true)?);
                Standing::NameOnly
            }
        };
        let author = Author { id, standing };
        self.remember(name, author);
        Ok((author, troubles))
    }

    /// The author of that name, once it has been asked for.
    pub(super) fn found(&self, name: &str) -> Option<Author> {
        self.authors.get(name).or_else(|| self.folded.get(&fold(name))).copied()
    }

    /// The account that an operator means by a name, here or in the original.
    pub(super) fn named(&self, typed: &str) -> Option<UserId> {
        let normal = Username::parse(typed).ok();
        let normal = normal.as_ref().and_then(|name| self.here.get(name.as_str()));
        let owned = |author: &&Author| author.standing == Standing::Owned;
        normal
            .or_else(|| self.here.get(typed))
            .copied()
            .or_else(|| self.authors.get(typed).filter(owned).map(|author| author.id))
    }

    /// The original's first account that somebody can log in to.
    pub(super) const fn first(&self) -> Option<UserId> {
        self.first
    }

    fn make(
        &mut self,
        id: UserId,
        original: impl Into<Option<i64>>,
        name: &str,
        hash: Option<String>,
        disabled: bool,
    ) -> anyhow::Result<Vec<Trouble>> {
        let original = original.into();
        let given = self.names.give(name, original);
        let troubles = given.troubles(name, original);
        self.here.insert(given.username.clone(), id);
        self.new.push(ImportedAccount {
            id,
            username: given.username,
            skeleton: given.skeleton,
            password_hash: hash.map_or_else(unknown_password, Ok)?,
            created_at: self.now,
            disabled,
        });
        Ok(troubles)
    }

    fn remember(&mut self, name: &str, author: Author) {
        self.authors.entry(name.to_owned()).or_insert(author);
        self.folded.entry(fold(name)).or_insert(author);
    }
}

/// What names are one by, to whoever reads them: the original compared them as its database did, mostly without case.
fn fold(name: &str) -> String {
    Username::parse(name).map_or_else(|_| RoomName::norm_of(name), |name| name.as_str().to_owned())
}

/// What there is to say of an account that was imported before.
fn met_again(user: &OriginalUser, present: Option<&str>) -> Option<Trouble> {
    let name = user.username.as_deref().unwrap_or_default();
    match present {
        None => Some(Trouble::new(Kind::AccountDeleted, user.id, name)),
        Some(present) if fold(present) != fold(name) => {
            Some(Trouble::new(Kind::UsernameChanged, user.id, format!("{name} → {present}")))
        }
        Some(_) => None,
    }
}
