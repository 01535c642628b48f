//! Labels whose values are the variants of an enum, so that the type bounds them.

use std::marker::PhantomData;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use crate::registry::{Owner, register};

/// An enum that is a label.
pub trait Label: Copy + 'static {
    /// The label's name.
    const NAME: &'static str;
    /// Every value there is.
    const ALL: &'static [Self];

    /// The value as it is written.
    fn word(self) -> &'static str;

    /// Its place in [`Label::ALL`].
    fn index(self) -> usize;
}

/// Declares an enum that is a [`Label`].
macro_rules! label {
    (
        $(#[$about:meta])*
        pub enum $name:ident($label:literal) { $($(#[$of:meta])* $variant:ident = $word:literal,)+ }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$of])* $variant,)+ }

        impl $crate::label::Label for $name {
            const NAME: &'static str = $label;
            const ALL: &'static [Self] = &[$(Self::$variant,)+];

            fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            fn index(self) -> usize {
                self as usize
            }
        }
    };
}
pub(crate) use label;

pub(crate) type Pair = (&'static str, &'static str);

/// A counter for each value of a label, all there from the start.
#[derive(Debug)]
pub struct Counters<L>(Vec<Counter>, PhantomData<L>);

impl<L: Label> Counters<L> {
    pub(crate) fn registered(owner: Owner, name: &str, help: &str) -> Self {
        let family = Family::<[Pair; 1], Counter>::default();
        let all = L::ALL.iter().map(|value| family.get_or_create_owned(&[(L::NAME, value.word())])).collect();
        register(owner, name, help, None, family);
        Self(all, PhantomData)
    }

    /// The counter of that value.
    pub fn of(&self, value: L) -> &Counter {
        &self.0[value.index()]
    }

    /// Counts one.
    pub fn count(&self, value: L) {
        self.of(value).inc();
    }
}

/// A gauge for each value of a label, all there from the start.
#[derive(Debug)]
pub struct Gauges<L>(Vec<Gauge>, PhantomData<L>);

impl<L: Label> Gauges<L> {
    pub(crate) fn registered(owner: Owner, name: &str, help: &str) -> Self {
        let family = Family::<[Pair; 1], Gauge>::default();
        let all = L::ALL.iter().map(|value| family.get_or_create_owned(&[(L::NAME, value.word())])).collect();
        register(owner, name, help, None, family);
        Self(all, PhantomData)
    }

    /// The gauge of that value.
    pub fn of(&self, value: L) -> &Gauge {
        &self.0[value.index()]
    }
}
