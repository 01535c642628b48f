//! Which event bus: the setting, parsed.

use std::str::FromStr;
use std::sync::Arc;

use chatapp_bus::{Bus, LocalBus};

/// Where events go. `local`: within this process; between processes, followers read the log instead of hearing of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum BusUrl {
    /// Within this process.
    #[default]
    Local,
}

impl BusUrl {
    /// The bus.
    pub fn open(self) -> Arc<dyn Bus> {
        match self {
            Self::Local => Arc::new(LocalBus::new()),
        }
    }
}

impl FromStr for BusUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "local" => Ok(Self::Local),
            _ => Err("only `local` is supported by this build".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bus_that_this_build_does_not_have_is_refused() {
        assert_eq!("local".parse(), Ok(BusUrl::Local));
        let error = "nats://localhost:4222".parse::<BusUrl>().unwrap_err();
        assert_eq!(error, "only `local` is supported by this build");
    }
}
