//! Access tokens: JWTs as RFC 9068 and RFC 8725 want them, HS256, of one hour.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, crypto};
use moka::sync::Cache;
use serde::{Deserialize, Serialize};

use crate::config::{Secret, StartError};
use crate::domain::{Error, PublicId, Result, SessionId, Timestamp, User, UserId};

const ISSUER: &str = "simple-kanban";
const AUDIENCE: &str = "simple-kanban";
const TYPE: &str = "at+jwt";

/// How long an access token is good, in seconds.
const LIFETIME: i64 = 3600;

/// How far the clocks of two instances may differ, in seconds.
const LEEWAY: u64 = 5;

/// How many tokens are remembered that were checked: to check one takes a fifth of a small query.
const KNOWN: u64 = 10_000;

/// Makes and checks access tokens.
pub(super) struct Tokens {
    sign: EncodingKey,
    header: Header,
    accept: Vec<Key>,
    validation: Validation,
    known: Cache<String, Claimed>,
}

/// What a token that was checked says. Nothing that is checked changes while the program runs, but the time.
#[derive(Clone, Copy)]
struct Claimed {
    session: SessionId,
    user: UserId,
    expires: i64,
}

/// A key and the name by which a token says that it was signed with it.
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
    /// Signs with the first of the secrets and accepts all.
    pub(super) fn new(secrets: &[Secret]) -> std::result::Result<Self, StartError> {
        let first = secrets.first().ok_or_else(|| StartError::new("JWT_SECRET: is missing"))?;
        let sign = EncodingKey::from_secret(first.expose());
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some(TYPE.into());
        header.kid = Some(key_id(first)?);
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["sub", "iss", "aud", "exp"]);
        validation.leeway = LEEWAY;
        let accept = secrets.iter().map(Key::new).collect::<std::result::Result<_, _>>()?;
        Ok(Self { sign, header, accept, validation, known: Cache::new(KNOWN) })
    }

    /// A token for a session of a user, and when it ends.
    pub(super) fn issue(&self, user: &User, session: SessionId) -> Result<(String, Timestamp)> {
        let issued = Timestamp::now().seconds();
        let claims = Claims {
            sub: user.id.to_public(),
            email: user.email.clone(),
            sid: session.to_public(),
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            iat: issued,
            exp: issued + LIFETIME,
        };
        let token = jsonwebtoken::encode(&self.header, &claims, &self.sign).map_err(|error| {
            tracing::error!(%error, "a token cannot be signed");
            Error::Internal
        })?;
        let expires = Timestamp::from_seconds(claims.exp).ok_or(Error::Internal)?;
        Ok((token, expires))
    }

    /// The session and the user that a token names; UNAUTHENTICATED, without a reason, for whatever
    /// is wrong.
    pub(super) fn check(&self, token: &str) -> Result<(SessionId, UserId)> {
        let now = Timestamp::now().seconds();
        let known =
            self.known.get(token).filter(|known| now <= known.expires + LEEWAY.cast_signed());
        if let Some(Claimed { session, user, .. }) = known {
            return Ok((session, user));
        }
        let found = self.read(token).ok_or(Error::Unauthenticated)?;
        self.known.insert(token.to_owned(), found);
        Ok((found.session, found.user))
    }

    fn read(&self, token: &str) -> Option<Claimed> {
        let header = jsonwebtoken::decode_header(token).ok()?;
        if header.typ.as_deref() != Some(TYPE) {
            return None;
        }
        let key = self.accept.iter().find(|key| Some(&key.id) == header.kid.as_ref())?;
        let claims = jsonwebtoken::decode::<Claims>(token, &key.key, &self.validation).ok()?.claims;
        if claims.iat > Timestamp::now().seconds() + LEEWAY.cast_signed() {
            return None;
        }
        Some(Claimed {
            session: SessionId::from_public(&claims.sid)?,
            user: UserId::from_public(&claims.sub)?,
            expires: claims.exp,
        })
    }
}

/// Names a key without telling anything about it: the start of a signature made with it.
fn key_id(secret: &Secret) -> std::result::Result<String, StartError> {
    let key = EncodingKey::from_secret(secret.expose());
    let signature = crypto::sign(b"kid", &key, Algorithm::HS256)
        .map_err(|error| StartError::new(format!("JWT_SECRET: {error}")))?;
    Ok(signature.chars().take(8).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_is_remembered_ends_all_the_same() {
        let secret = Secret::new(b"0123456789abcdef0123456789abcdef").unwrap();
        let tokens = Tokens::new(&[secret]).unwrap();
        let now = Timestamp::now().seconds();
        let user = UserId::random();
        for (expires, good) in [(now + 60, true), (now - 60, false)] {
            let claimed = Claimed { session: SessionId(1), user, expires };
            tokens.known.insert("token".to_owned(), claimed);
            assert_eq!(tokens.check("token").is_ok(), good);
        }
    }
}
