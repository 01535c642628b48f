//! The settings of accounts. Each is a flag and an environment variable; [`Default`] gives the same values as both
//! left out.

use clap::Args;
use clap::value_parser;
use time::Duration;

/// All settings of this service.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[group(id = "auth_config")]
#[command(next_help_heading = "Accounts")]
pub struct AuthConfig {
    /// Whether tries are limited at all: on or off (off for load tests alone)
    #[arg(id = "auth_rate_limits", long = "auth-rate-limits", env = "CHATAPP_RATE_LIMITS", value_name = "on|off",
          action = clap::ArgAction::Set, default_value = "on", value_parser = on_or_off, hide_short_help = true)]
    pub rate_limits: bool,
    /// How passwords are hashed.
    #[command(flatten)]
    pub passwords: PasswordConfig,
    /// How long what is issued is good.
    #[command(flatten)]
    pub tokens: TokenConfig,
    /// How tries are slowed down.
    #[command(flatten)]
    pub throttle: ThrottleConfig,
}

/// How passwords are hashed: argon2id, never weaker than m=19456 KiB, t=2, p=1.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[group(id = "auth_password_config")]
#[command(next_help_heading = "Accounts")]
pub struct PasswordConfig {
    /// Memory of one password hash, in KiB
    #[arg(id = "auth_hash_memory_kib", long = "auth-hash-memory-kib", env = "CHATAPP_AUTH_HASH_MEMORY_KIB",
          default_value_t = 19_456, value_name = "KIB", hide_short_help = true,
          value_parser = value_parser!(u32).range(19_456..=1_048_576))]
    pub memory_kib: u32,
    /// Passes over the memory of one password hash
    #[arg(id = "auth_hash_passes", long = "auth-hash-passes", env = "CHATAPP_AUTH_HASH_PASSES",
          default_value_t = 2, value_name = "NUMBER", hide_short_help = true,
          value_parser = value_parser!(u32).range(2..=64))]
    pub passes: u32,
    /// Lanes of one password hash
    #[arg(id = "auth_hash_lanes", long = "auth-hash-lanes", env = "CHATAPP_AUTH_HASH_LANES",
          default_value_t = 1, value_name = "NUMBER", hide_short_help = true,
          value_parser = value_parser!(u32).range(1..=16))]
    pub lanes: u32,
    /// Password hashes computed at once; 0 for as many as there are cores
    #[arg(id = "auth_hash_parallelism", long = "auth-hash-parallelism", env = "CHATAPP_AUTH_HASH_PARALLELISM",
          default_value_t = 0, value_name = "NUMBER", hide_short_help = true,
          value_parser = value_parser!(u32).range(0..=1_024))]
    pub parallelism: u32,
    /// Log-ins that may wait for a password hash; further ones are told to try again
    #[arg(id = "auth_hash_queue", long = "auth-hash-queue", env = "CHATAPP_AUTH_HASH_QUEUE",
          default_value_t = 64, value_name = "NUMBER", hide_short_help = true,
          value_parser = value_parser!(u32).range(0..=10_000))]
    pub queue: u32,
}

/// How long what is issued is good, in seconds.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[group(id = "auth_token_config")]
#[command(next_help_heading = "Accounts")]
pub struct TokenConfig {
    /// Seconds that an access token lives
    #[arg(id = "auth_access_token_s", long = "auth-access-token-s", env = "CHATAPP_AUTH_ACCESS_TOKEN_S",
          default_value_t = 600, value_name = "SECONDS", hide_short_help = true,
          value_parser = value_parser!(u32).range(30..=600))]
    pub access_s: u32,
    /// Seconds that an access token of the original API lives
    #[arg(id = "auth_v0_token_s", long = "auth-v0-token-s", env = "CHATAPP_AUTH_V0_TOKEN_S",
          default_value_t = 1_800, value_name = "SECONDS", hide_short_help = true,
          value_parser = value_parser!(u32).range(30..=1_800))]
    pub v0_s: u32,
    /// Seconds that the access token behind a script's token lives
    #[arg(id = "auth_script_token_s", long = "auth-script-token-s", env = "CHATAPP_AUTH_SCRIPT_TOKEN_S",
          default_value_t = 300, value_name = "SECONDS", hide_short_help = true,
          value_parser = value_parser!(u32).range(30..=300))]
    pub script_s: u32,
    /// Days after which a session that is not used ends
    #[arg(id = "auth_session_idle_days", long = "auth-session-idle-days", env = "CHATAPP_AUTH_SESSION_IDLE_DAYS",
          default_value_t = 30, value_name = "DAYS", hide_short_help = true,
          value_parser = value_parser!(u32).range(1..=366))]
    pub session_idle_days: u32,
    /// Seconds for which a superseded refresh token gives its successor once more
    #[arg(id = "auth_refresh_grace_s", long = "auth-refresh-grace-s", env = "CHATAPP_AUTH_REFRESH_GRACE_S",
          default_value_t = 30, value_name = "SECONDS", hide_short_help = true,
          value_parser = value_parser!(u32).range(0..=300))]
    pub refresh_grace_s: u32,
    /// Seconds for which a new signing key is published before it signs
    #[arg(id = "auth_key_lead_s", long = "auth-key-lead-s", env = "CHATAPP_AUTH_KEY_LEAD_S",
          default_value_t = 60, value_name = "SECONDS", hide_short_help = true,
          value_parser = value_parser!(u32).range(0..=86_400))]
    pub key_lead_s: u32,
    /// Sessions of one account; with a further one the one used least recently ends
    #[arg(id = "auth_sessions_max", long = "auth-sessions-max", env = "CHATAPP_AUTH_SESSIONS_MAX",
          default_value_t = 1_000, value_name = "NUMBER", hide_short_help = true,
          value_parser = value_parser!(u32).range(1..=100_000))]
    pub sessions_max: u32,
    /// Tokens for scripts of one account
    #[arg(id = "auth_script_tokens_max", long = "auth-script-tokens-max", env = "CHATAPP_AUTH_SCRIPT_TOKENS_MAX",
          default_value_t = 100, value_name = "NUMBER", hide_short_help = true,
          value_parser = value_parser!(u32).range(1..=10_000))]
    pub script_tokens_max: u32,
}

/// How tries are slowed down.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
#[group(id = "auth_throttle_config")]
#[command(next_help_heading = "Accounts")]
pub struct ThrottleConfig {
    /// Failed log-ins on one account before each further one is delayed
    #[arg(id = "auth_account_failures", long = "auth-account-failures", env = "CHATAPP_AUTH_ACCOUNT_FAILURES",
          default_value_t = 5, value_name = "NUMBER", hide_short_help = true,
          value_parser = value_parser!(u32).range(1..=1_000))]
    pub account_failures: u32,
    /// Failed log-ins from one address before each further one is delayed
    #[arg(id = "auth_address_failures", long = "auth-address-failures", env = "CHATAPP_AUTH_ADDRESS_FAILURES",
          default_value_t = 50, value_name = "NUMBER", hide_short_help = true,
          value_parser = value_parser!(u32).range(1..=100_000))]
    pub address_failures: u32,
    /// Accounts made from one address before each further one is delayed
    #[arg(id = "auth_address_registrations", long = "auth-address-registrations",
          env = "CHATAPP_AUTH_ADDRESS_REGISTRATIONS", default_value_t = 100,
          value_name = "NUMBER", hide_short_help = true, value_parser = value_parser!(u32).range(1..=100_000))]
    pub address_registrations: u32,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self {
            rate_limits: true,
            passwords: PasswordConfig::default(),
            tokens: TokenConfig::default(),
            throttle: ThrottleConfig::default(),
        }
    }
}

impl Default for PasswordConfig {
    fn default() -> Self {
        Self { memory_kib: 19_456, passes: 2, lanes: 1, parallelism: 0, queue: 64 }
    }
}

impl Default for TokenConfig {
    fn default() -> Self {
        Self {
            access_s: 600,
            v0_s: 1_800,
            script_s: 300,
            session_idle_days: 30,
            refresh_grace_s: 30,
            key_lead_s: 60,
            sessions_max: 1_000,
            script_tokens_max: 100,
        }
    }
}

impl Default for ThrottleConfig {
    fn default() -> Self {
        Self { account_failures: 5, address_failures: 50, address_registrations: 100 }
    }
}

impl TokenConfig {
    /// How long a session lasts without being used.
    pub fn session_idle(&self) -> Duration {
        Duration::days(i64::from(self.session_idle_days))
    }

    /// For how long a superseded refresh token gives its successor once more.
    pub fn refresh_grace(&self) -> Duration {
        Duration::seconds(i64::from(self.refresh_grace_s))
    }

    /// For how long a new signing key is published before it signs.
    pub fn key_lead(&self) -> Duration {
        Duration::seconds(i64::from(self.key_lead_s))
    }
}

fn on_or_off(text: &str) -> Result<bool, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "on" | "true" | "1" => Ok(true),
        "off" | "false" | "0" => Ok(false),
        _ => Err("expected on or off".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        auth: AuthConfig,
    }

    #[test]
    fn leaving_all_out_gives_the_defaults() {
        assert_eq!(Program::try_parse_from(["program"]).unwrap().auth, AuthConfig::default());
    }

    #[test]
    fn rate_limits_are_switched_by_a_word() {
        let off = Program::try_parse_from(["program", "--auth-rate-limits", "off"]).unwrap();
        assert!(!off.auth.rate_limits);
        assert!(Program::try_parse_from(["program", "--auth-rate-limits", "maybe"]).is_err());
    }

    #[test]
    fn nothing_weaker_than_the_floor_can_be_set() {
        for args in [["--auth-hash-memory-kib", "19455"], ["--auth-hash-passes", "1"], ["--auth-access-token-s", "601"]]
        {
            assert!(Program::try_parse_from(["program", args[0], args[1]]).is_err(), "{args:?}");
        }
    }
}
