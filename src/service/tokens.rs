//! Access tokens: JWTs according to RFC 9068 and RFC 8725, signed with HS256.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, crypto};
use moka::sync::Cache;
use serde::{Deserialize, Serialize};

use crate::config::{Secret, StartError};
use crate::domain::{Clock, Error, PublicId, Result, SessionId, Timestamp, User, UserId};

const ISSUER: &str = "simple-kanban";
const AUDIENCE: &str = "simple-kanban";
const TYPE: &str = "at+jwt";

/// The accepted clock difference between instances, in seconds.
const LEEWAY: i64 = 5;

/// The maximum number of verified tokens in the cache. Verification takes a fifth of the time of a
/// small query.
const KNOWN: u64 = 10_000;

/// Issues and verifies access tokens.
pub(super) struct Tokens {
    sign: EncodingKey,
    header: Header,
    accept: Vec<Key>,
    validation: Validation,
    known: Cache<String, Claimed>,
    /// In seconds.
    lifetime: i64,
    clock: Clock,
}

/// The claims of a verified token. A cached result stays valid until the token expires, because nothing
/// else that is verified changes while the program runs.
#[derive(Clone, Copy)]
pub(super) struct Claimed {
    pub(super) session: SessionId,
    pub(super) user: UserId,
    /// In seconds since the Unix epoch, as `expires`.
    issued: i64,
    expires: i64,
}

impl Claimed {
    /// Whether the token may belong to a session that began at this time. After a restore, the ID of a session may be used
    /// again.
    pub(super) fn is_of_session_since(&self, began: Timestamp) -> bool {
        self.issued.saturating_add(LEEWAY) >= began.seconds()
    }

    /// The time until which the token is accepted.
    pub(super) fn accepted_until(&self) -> Option<Timestamp> {
        Timestamp::from_seconds(self.expires.saturating_add(LEEWAY))
    }
}

/// A verification key and its `kid`.
struct Key {
    id: String,
    key: DecodingKey,
}

impl Key {
    fn new(secret: &Secret) -> std::result::Result<Self, StartError> {
        Ok(Self { id: key_id(secret)?, key: DecodingKey::from_secret(secret.expose()) })
    }
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    email: String,
    sid: String,
    iss: String,
    aud: String,
    iat: i64,
    exp: i64,
}

impl Tokens {
    /// Signs with the first secret and accepts tokens signed with any of them. Tokens are valid for `lifetime` seconds. Fails
    /// without a secret.
    pub(super) fn new(
        secrets: &[Secret],
        lifetime: u32,
        clock: Clock,
    ) -> std::result::Result<Self, StartError> {
        let first = secrets.first().ok_or_else(|| StartError::new("JWT_SECRET: is missing"))?;
        let sign = EncodingKey::from_secret(first.expose());
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some(TYPE.into());
        header.kid = Some(key_id(first)?);
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["sub", "iss", "aud", "exp"]);
        // Checked in `read`, by our clock.
        validation.validate_exp = false;
        let accept = secrets.iter().map(Key::new).collect::<std::result::Result<_, _>>()?;
        let (known, lifetime) = (Cache::new(KNOWN), lifetime.into());
        Ok(Self { sign, header, accept, validation, known, lifetime, clock })
    }

    /// Issues an access token for a session that began at `began`. Returns the token and its expiry time.
    pub(super) fn issue(
        &self,
        user: &User,
        session: SessionId,
        began: Timestamp,
    ) -> Result<(String, Timestamp)> {
        let now = self.clock.now().seconds();
        let claims = Claims {
            sub: user.id.to_public(),
            email: user.email.clone(),
            sid: session.to_public(),
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            // The clock may have stepped back, or another instance has started the session.
            iat: now.max(began.seconds()),
            exp: now + self.lifetime,
        };
        let token = jsonwebtoken::encode(&self.header, &claims, &self.sign).map_err(|error| {
            tracing::error!(%error, "failed to sign an access token");
            Error::Internal
        })?;
        let expires = Timestamp::from_seconds(claims.exp)
            .ok_or_else(|| Error::defect("an access token expires after the year 9999"))?;
        Ok((token, expires))
    }

    /// Verifies a token. UNAUTHENTICATED, without a reason, if the
    /// token is invalid or expired.
    pub(super) fn check(&self, token: &str) -> Result<Claimed> {
        let now = self.clock.now().seconds();
        let known = self.known.get(token);
        if let Some(known) = known.filter(|known| !has_expired(known.expires, now)) {
            return Ok(known);
        }
        let found = self.read(token).ok_or(Error::Unauthenticated)?;
        self.known.insert(token.to_owned(), found);
        Ok(found)
    }

    fn read(&self, token: &str) -> Option<Claimed> {
        let header = jsonwebtoken::decode_header(token).ok()?;
        if header.typ.as_deref() != Some(TYPE) {
            return None;
        }
        let key = self.accept.iter().find(|key| Some(&key.id) == header.kid.as_ref())?;
        let claims = jsonwebtoken::decode::<Claims>(token, &key.key, &self.validation).ok()?.claims;
        // A time of issue in the future tells only that a clock was ahead.
        if has_expired(claims.exp, self.clock.now().seconds()) {
            return None;
        }
        Some(Claimed {
            session: SessionId::from_public(&claims.sid)?,
            user: UserId::from_public(&claims.sub)?,
            issued: claims.iat,
            expires: claims.exp,
        })
    }
}

fn has_expired(expires: i64, now: i64) -> bool {
    expires.saturating_add(LEEWAY) < now
}

/// Derives the `kid` of a key: the first 8 characters of a signature made with it. It reveals nothing
/// about the key.
fn key_id(secret: &Secret) -> std::result::Result<String, StartError> {
    let key = EncodingKey::from_secret(secret.expose());
    let signature = crypto::sign(b"kid", &key, Algorithm::HS256)
        .map_err(|error| StartError::new(format!("JWT_SECRET: {error}")))?;
    Ok(signature.chars().take(8).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UserKey;

    const LIFETIME: u32 = 3600;

    #[test]
    fn a_token_that_is_remembered_expires_all_the_same() {
        let secret = Secret::new(b"0123456789abcdef0123456789abcdef").unwrap();
        let clock = Clock::default();
        let tokens = Tokens::new(&[secret], LIFETIME, clock.clone()).unwrap();
        let user = User {
            key: UserKey(1),
            id: UserId::random(),
            name: "Ann".into(),
            email: "ann@example.com".into(),
            email_verified_at: None,
            created_at: clock.now(),
            updated_at: clock.now(),
        };
        let (token, _) = tokens.issue(&user, SessionId(1), clock.now()).unwrap();
        assert!(tokens.check(&token).is_ok());
        clock.advance(i64::from(LIFETIME) + 2 * LEEWAY);
        assert!(tokens.check(&token).is_err(), "it is remembered");
        tokens.known.invalidate_all();
        assert!(tokens.check(&token).is_err(), "it is verified");
        clock.advance(-i64::from(LIFETIME));
        assert!(tokens.check(&token).is_ok());
        // The clock has stepped back since the session began.
        let began = Timestamp::from_seconds(clock.now().seconds() + 600).unwrap();
        let (token, _) = tokens.issue(&user, SessionId(1), began).unwrap();
        let claimed = tokens.check(&token).unwrap();
        assert!(claimed.is_of_session_since(began));
        let later = Timestamp::from_seconds(began.seconds() + 60).unwrap();
        assert!(!claimed.is_of_session_since(later));
    }

    #[test]
    fn a_token_may_expire_at_the_end_of_time() {
        let secret = Secret::new(b"0123456789abcdef0123456789abcdef").unwrap();
        let tokens = Tokens::new(&[secret], LIFETIME, Clock::default()).unwrap();
        let claims = Claims {
            sub: UserId::random().to_public(),
            email: String::new(),
            sid: SessionId(1).to_public(),
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            iat: i64::MAX,
            exp: i64::MAX,
        };
        let token = jsonwebtoken::encode(&tokens.header, &claims, &tokens.sign).unwrap();
        for _ in 0..2 {
            let claimed = tokens.check(&token).unwrap();
            assert!(claimed.accepted_until().is_none());
            assert!(claimed.is_of_session_since(Clock::default().now()));
        }
    }
}
