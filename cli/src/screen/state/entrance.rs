//! Before one is logged in: where the gateway is, who one is.

use chatapp_types::Secret;

use super::composer::Composer;

/// Which question is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    Url,
    Name,
    /// The password of an account that exists, or (where the gateway does not say) may.
    Password,
    /// The password of a new account.
    NewPassword,
    /// The same once more.
    Again,
    /// Whether to create the account: nobody of this name could log in with this password.
    Create,
}

/// The questions, and what was answered so far.
#[derive(Clone, Debug)]
pub(crate) struct Entrance {
    pub(crate) step: Step,
    pub(crate) url: String,
    pub(crate) name: String,
    pub(crate) password: Option<Secret>,
    pub(crate) field: Composer,
    /// What went wrong, or what is to be known.
    pub(crate) message: Option<String>,
    /// An answer of the gateway is awaited.
    pub(crate) is_waiting: bool,
    /// The gateway does not say who has an account.
    pub(crate) is_unsure: bool,
}

impl Entrance {
    /// Begins with the name where the gateway is known, else with the gateway.
    pub(crate) fn new(url: Option<String>) -> Self {
        Self {
            step: if url.is_some() { Step::Name } else { Step::Url },
            url: url.unwrap_or_default(),
            name: String::new(),
            password: None,
            field: Composer::default(),
            message: None,
            is_waiting: false,
            is_unsure: false,
        }
    }

    /// Whether nobody may see what is typed.
    pub(crate) const fn is_secret(&self) -> bool {
        matches!(self.step, Step::Password | Step::NewPassword | Step::Again)
    }

    pub(crate) fn go_to(&mut self, step: Step) {
        self.step = step;
        self.field = Composer::default();
        self.is_waiting = false;
    }
}
