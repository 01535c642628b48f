//! The settings of rooms.

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::app::throttle::TryLimits;

/// Limits of rooms. Flatten it into a program's arguments; every setting has an environment variable.
#[derive(Args, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[command(next_help_heading = "Rooms")]
pub struct RoomsConfig {
    /// How many rooms one user may own
    #[arg(
        id = "rooms_per_owner",
        long = "rooms-per-owner",
        env = "CHATAPP_ROOMS_PER_OWNER",
        default_value_t = RoomsConfig::DEFAULT.per_owner,
        value_name = "NUMBER"
    )]
    pub per_owner: u32,

    /// How many members one room may have
    #[arg(
        id = "rooms_max_members",
        long = "rooms-max-members",
        env = "CHATAPP_ROOMS_MAX_MEMBERS",
        default_value_t = RoomsConfig::DEFAULT.max_members,
        value_name = "NUMBER"
    )]
    pub max_members: u32,

    /// How many wrong codes a user may try for one room within a minute
    #[arg(
        id = "rooms_code_tries_per_minute",
        long = "rooms-code-tries-per-minute",
        env = "CHATAPP_ROOMS_CODE_TRIES_PER_MINUTE",
        default_value_t = RoomsConfig::DEFAULT.code_tries_per_minute,
        value_name = "NUMBER"
    )]
    pub code_tries_per_minute: u32,

    /// How many wrong codes a user may try within an hour
    #[arg(
        id = "rooms_code_tries_per_hour",
        long = "rooms-code-tries-per-hour",
        env = "CHATAPP_ROOMS_CODE_TRIES_PER_HOUR",
        default_value_t = RoomsConfig::DEFAULT.code_tries_per_hour,
        value_name = "NUMBER"
    )]
    pub code_tries_per_hour: u32,

    /// Rooms that the original interface lists at most, which has no pages
    #[arg(
        id = "rooms_v0_list_max",
        long = "rooms-v0-list-max",
        env = "CHATAPP_ROOMS_V0_LIST_MAX",
        default_value_t = RoomsConfig::DEFAULT.v0_list_max,
        value_name = "NUMBER"
    )]
    pub v0_list_max: u32,

    /// Whether wrong codes are counted: off is for load tests alone
    #[arg(
        id = "rooms_rate_limits",
        long = "rooms-rate-limits",
        env = "CHATAPP_RATE_LIMITS",
        default_value = "on",
        value_name = "on|off",
        hide_short_help = true
    )]
    pub rate_limits: Switch,
}

/// On or off.
#[derive(ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Switch {
    /// On.
    #[default]
    On,
    /// Off.
    Off,
}

impl RoomsConfig {
    const DEFAULT: Self = Self {
        per_owner: 500,
        max_members: 10_000,
        code_tries_per_minute: 5,
        code_tries_per_hour: 20,
        v0_list_max: 1_000,
        rate_limits: Switch::On,
    };

    /// How often codes may be tried; `None` when nobody counts.
    pub fn try_limits(&self) -> Option<TryLimits> {
        (self.rate_limits == Switch::On)
            .then_some(TryLimits { per_minute: self.code_tries_per_minute, per_hour: self.code_tries_per_hour })
    }
}

impl Default for RoomsConfig {
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        rooms: RoomsConfig,
    }

    #[test]
    fn the_defaults_of_the_command_line_are_the_defaults() {
        let program = Program::try_parse_from(["rooms"]).expect("parses");
        assert_eq!(program.rooms, RoomsConfig::default());
    }

    #[test]
    fn codes_are_not_throttled_only_when_that_was_said() {
        assert!(RoomsConfig::default().try_limits().is_some());
        let off = Program::try_parse_from(["rooms", "--rooms-rate-limits", "off"]).expect("parses");
        assert_eq!(off.rooms.try_limits(), None);
    }
}
