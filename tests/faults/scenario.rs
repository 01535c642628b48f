//! What can be played: every fault by its name.

use futures::future::BoxFuture;

use crate::run::Run;
use crate::scenarios;
use crate::stage::{Form, Plan};

/// A fault that can be played.
pub struct Scenario {
    /// Its name.
    pub name: &'static str,
    /// What is broken, and what is shown thereby.
    pub about: &'static str,
    /// The forms in which it makes sense.
    pub forms: &'static [Form],
    /// Those in which it is played for every change.
    pub quick: &'static [Form],
    /// Changes the set-up.
    pub plan: fn(&mut Plan),
    /// Breaks things, and heals them before it returns.
    pub fault: for<'a> fn(&'a mut Run) -> BoxFuture<'a, ()>,
}

/// Every form.
pub(crate) const EVERY: &[Form] = &[Form::Alone, Form::Replicas, Form::SqlServer];
/// One process, and several that share its file.
pub(crate) const BOTH: &[Form] = &[Form::Alone, Form::Replicas];
/// One process.
pub(crate) const ALONE: &[Form] = &[Form::Alone];
/// Several processes on SQL Server.
pub(crate) const SQL_SERVER: &[Form] = &[Form::SqlServer];
/// No form.
pub(crate) const NEVER: &[Form] = &[];
/// Several processes, on either database.
pub(crate) const SERVERS: &[Form] = &[Form::Replicas, Form::SqlServer];
/// Several processes that share a file.
pub(crate) const REPLICAS: &[Form] = &[Form::Replicas];

/// Every scenario, in the order in which they are played.
pub fn all() -> impl Iterator<Item = &'static Scenario> {
    [
        scenarios::processes::ALL,
        scenarios::bus::ALL,
        scenarios::network::ALL,
        scenarios::disk::ALL,
        scenarios::database::ALL,
        scenarios::races::ALL,
        scenarios::abuse::ALL,
    ]
    .into_iter()
    .flatten()
}

/// The scenario of that name.
pub fn find(name: &str) -> Option<&'static Scenario> {
    all().find(|scenario| scenario.name == name)
}
