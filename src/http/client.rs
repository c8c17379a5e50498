//! Identifies the client of a request: its address, user agent and viewer.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, header};

use crate::domain::{Client, Error, Result, Viewer, rejection};
use crate::service::{Services, sessions};

/// The maximum number of characters kept of the `User-Agent` header.
const MAX_USER_AGENT: usize = 200;

/// The client of a request. `peer` is the other end of the connection: the client itself, or a proxy if
/// `proxies` is not 0.
pub(super) fn client(headers: &HeaderMap, peer: IpAddr, proxies: usize) -> Client {
    let address = address(headers, peer, proxies);
    Client { address: Some(address), user_agent: user_agent(headers) }
}

/// The address of the client.
pub(super) fn address(headers: &HeaderMap, peer: IpAddr, proxies: usize) -> IpAddr {
    forwarded_for(headers, proxies).unwrap_or(peer)
}

/// The address that the outermost trusted proxy saw. Each proxy appends the address that it sees, so the
/// entry is counted from the end; the entries before it can be forged.
fn forwarded_for(headers: &HeaderMap, proxies: usize) -> Option<IpAddr> {
    let from_the_end = proxies.checked_sub(1)?;
    // Values that are not valid UTF-8 are kept, so that they do not change the positions of the entries.
    let values = headers.get_all("x-forwarded-for").iter();
    let values: Vec<_> = values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    let addresses: Vec<&str> =
        values.iter().flat_map(|value| value.split(',')).map(str::trim).collect();
    let address = addresses.iter().rev().nth(from_the_end)?;
    // Some proxies append the port.
    let with_port = || address.parse().ok().map(|address: SocketAddr| address.ip());
    address.parse().ok().or_else(with_port)
}

fn user_agent(headers: &HeaderMap) -> Option<String> {
    let name = headers.get(header::USER_AGENT)?.to_str().ok()?.trim();
    (!name.is_empty()).then(|| name.chars().take(MAX_USER_AGENT).collect())
}

/// The viewer of the bearer token; `None` without an `Authorization` header. `Error::BadToken`
/// (UNAUTHENTICATED) if the token is invalid or expired.
pub(super) async fn viewer(services: &Services, headers: &HeaderMap) -> Result<Option<Viewer>> {
    let Some(authorization) = authorization(headers)? else {
        return Ok(None);
    };
    let token = bearer(&authorization).ok_or_else(not_bearer)?;
    sessions::authenticate(services, token).await.map(Some).map_err(bad_token)
}

/// The value of the `Authorization` header. `Error::BadToken` if it is not ASCII.
pub(super) fn authorization(headers: &HeaderMap) -> Result<Option<String>> {
    let value =
        headers.get(header::AUTHORIZATION).map(|value| value.to_str().map(ToOwned::to_owned));
    value.transpose().map_err(|_| not_bearer())
}

/// The token in the value of an `Authorization` header; `None` if it has another scheme.
pub(super) fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// What is wrong with an `Authorization` header without a bearer token.
pub(super) const NOT_BEARER: &str =
    "The Authorization header must be \"Bearer\", a space and the access token.";

/// The error of such a header.
pub(super) fn not_bearer() -> Error {
    Error::BadToken { message: NOT_BEARER }
}

/// The error of a token that is not accepted.
pub(super) fn bad_token(error: Error) -> Error {
    match error {
        Error::Unauthenticated => rejection::invalid_access_token(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let name = || header::HeaderName::from_static("x-forwarded-for");
        values
            .iter()
            .map(|value| (name(), HeaderValue::from_bytes(value.as_bytes()).unwrap()))
            .collect()
    }

    #[test]
    fn only_our_own_proxies_are_believed() {
        let peer: IpAddr = "10.0.0.1".parse().unwrap();
        for (values, proxies, expected) in [
            (&["192.0.2.1"][..], 0, "10.0.0.1"),
            (&["192.0.2.1"], 1, "192.0.2.1"),
            (&["198.51.100.9, 192.0.2.1"], 1, "192.0.2.1"),
            (&["198.51.100.9", "192.0.2.1"], 1, "192.0.2.1"),
            (&["198.51.100.9, 192.0.2.1, 10.0.0.2"], 2, "192.0.2.1"),
            (&["2001:db8::1"], 1, "2001:db8::1"),
            (&["192.0.2.1:4711"], 1, "192.0.2.1"),
            (&["[2001:db8::1]:4711"], 1, "2001:db8::1"),
            (&["é, 192.0.2.1"], 1, "192.0.2.1"),
            (&["192.0.2.1"], 2, "10.0.0.1"),
            (&["nonsense"], 1, "10.0.0.1"),
            (&[], 1, "10.0.0.1"),
        ] {
            let client = client(&headers(values), peer, proxies);
            assert_eq!(client.address.unwrap().to_string(), expected, "{values:?} {proxies}");
        }
    }
}
