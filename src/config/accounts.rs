//! The settings of accounts: attempts to log in, and the cost of a password hash.

use std::num::NonZeroU32;
use std::ops::RangeInclusive;

use clap::{ArgAction, Args};

use super::parsers::{number, switch};

const ATTEMPTS: RangeInclusive<NonZeroU32> =
    NonZeroU32::MIN..=NonZeroU32::MIN.saturating_add(999_999);

/// The limits on password attempts per minute.
#[derive(Args, Clone, Copy, Debug)]
pub struct RateLimit {
    /// Whether attempts to log in, to sign up, to confirm the current password and to find users by
    /// their e-mail address are limited: on or off.
    #[arg(id = "RATE_LIMIT", long, env, default_value = "on", action = ArgAction::Set, value_parser = switch)]
    pub enabled: bool,
    /// Maximum number of attempts per minute on one account, successful or not. Used attempts become
    /// available again one by one.
    #[arg(id = "RATE_LIMIT_PER_ACCOUNT", long, env, default_value = "10", value_parser = number(ATTEMPTS))]
    pub per_account: NonZeroU32,
    /// Maximum number of attempts per minute from one client address (IPv6: one /64 network),
    /// successful or not. Used attempts become available again one by one.
    #[arg(id = "RATE_LIMIT_PER_ADDRESS", long, env, default_value = "60", value_parser = number(ATTEMPTS))]
    pub per_address: NonZeroU32,
    /// Maximum number of refreshes of one session per minute. Used refreshes become available again
    /// one by one.
    #[arg(id = "RATE_LIMIT_PER_SESSION", long, env, default_value = "20", value_parser = number(ATTEMPTS))]
    pub per_session: NonZeroU32,
}

/// The parameters of argon2id.
#[derive(Args, Clone, Copy, Debug)]
pub struct Argon2 {
    /// Memory in KiB for hashing one password. At least 8 times ARGON2_PARALLELISM.
    #[arg(id = "ARGON2_MEMORY_KIB", long, env, default_value = "19456", value_parser = number::<u32>(8..=Argon2::MOST.memory))]
    pub memory: u32,
    /// Number of iterations (passes) for hashing one password.
    #[arg(id = "ARGON2_ITERATIONS", long, env, default_value = "2", value_parser = number::<u32>(1..=Argon2::MOST.iterations))]
    pub iterations: u32,
    /// Number of lanes for hashing one password.
    #[arg(id = "ARGON2_PARALLELISM", long, env, default_value = "1", value_parser = number::<u32>(1..=Argon2::MOST.parallelism))]
    pub parallelism: u32,
}

impl Argon2 {
    /// The highest values.
    pub const MOST: Self = Self { memory: 4_194_304, iterations: 1000, parallelism: 64 };
}

/// Who may have an account.
#[derive(Args, Clone, Copy, Debug)]
pub struct Accounts {
    /// Whether everybody may create an account: open or closed. If it is closed, accounts are created with
    /// `kanban user create`.
    #[arg(id = "SIGNUPS", long, env, default_value = "open", value_parser = sign_ups)]
    pub sign_ups: SignUps,
    /// Whether users must verify their e-mail address before they can log in: on or off. Requires SMTP_URL.
    #[arg(id = "REQUIRE_VERIFIED_EMAIL", long, env, default_value = "off", action = ArgAction::Set, value_parser = switch)]
    pub require_verified_email: bool,
}

/// Who may create an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignUps {
    /// Everybody.
    Open,
    /// Only the operator.
    Closed,
}

fn sign_ups(text: &str) -> Result<SignUps, &'static str> {
    match text {
        "open" => Ok(SignUps::Open),
        "closed" => Ok(SignUps::Closed),
        _ => Err("must be open or closed"),
    }
}
