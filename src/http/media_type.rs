//! In which media type an answer is wanted (RFC 9110, section 12.5.1; GraphQL over HTTP).

use axum::http::{HeaderMap, header};

/// The media types of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MediaType {
    /// `application/graphql-response+json`: the status tells whether the request was run.
    GraphqlResponse,
    /// `application/json`, for older clients: a request that is well-formed answers 200.
    Json,
}

/// How much a media type is wanted: its quality in thousandths, and whether it was named in full
/// (2), by its first half (1) or by `*/*` (0).
type Preference = (u16, u8);

impl MediaType {
    /// What the `Accept` header asks for; `None` when it is neither. Without the header it is JSON.
    pub(super) fn wanted(headers: &HeaderMap) -> Option<Self> {
        let mut accept = headers.get_all(header::ACCEPT).iter().peekable();
        if accept.peek().is_none() {
            return Some(Self::Json);
        }
        let accept: Vec<&str> = accept.filter_map(|value| value.to_str().ok()).collect();
        let accept = accept.join(",");
        let json = preference(&accept, "json");
        let response = preference(&accept, "graphql-response+json");
        match (response, json) {
            ((0, _), (0, _)) => None,
            // The newer one, if somebody names it who wants the older one no more.
            ((quality, 2), json) if quality > 0 && quality >= json.0 => Some(Self::GraphqlResponse),
            (response, (quality, _)) if quality >= response.0 => Some(Self::Json),
            _ => Some(Self::GraphqlResponse),
        }
    }

    /// The value of `Content-Type`.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        }
    }
}

/// How much `application/{subtype}` is wanted: the most specific range of the list counts.
fn preference(accept: &str, subtype: &str) -> Preference {
    let ranges = accept.split(',').filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let specificity = match parts.next()?.to_ascii_lowercase().split_once('/')? {
            ("application", name) if name == subtype => 2,
            ("application", "*") => 1,
            ("*", "*") => 0,
            _ => return None,
        };
        Some((specificity, quality(parts)?))
    });
    let (specificity, quality) = ranges.max_by_key(|range| range.0).unwrap_or((0, 0));
    (quality, specificity)
}

/// The parameter `q` in thousandths, 1000 without it.
fn quality<'a>(mut parameters: impl Iterator<Item = &'a str>) -> Option<u16> {
    let Some(text) = parameters.find_map(|one| {
        let (name, value) = one.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then_some(value.trim())
    }) else {
        return Some(1000);
    };
    let quality: f32 = text.parse().ok()?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 0 to 1")]
    (0.0..=1.0).contains(&quality).then(|| (quality * 1000.0).round() as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wanted_type_is_answered() {
        use MediaType::{GraphqlResponse, Json};
        for (accept, expected) in [
            ("application/json", Some(Json)),
            ("application/graphql-response+json", Some(GraphqlResponse)),
            ("Application/GraphQL-Response+JSON; charset=utf-8", Some(GraphqlResponse)),
            ("*/*", Some(Json)),
            ("application/*", Some(Json)),
            ("", None),
            ("text/html", None),
            ("text/html, */*;q=0.1", Some(Json)),
            ("application/graphql-response+json, application/json", Some(GraphqlResponse)),
            ("application/json, application/graphql-response+json", Some(GraphqlResponse)),
            ("application/graphql-response+json, application/json;q=0.9", Some(GraphqlResponse)),
            ("application/graphql-response+json;q=0.5, application/json;q=0.9", Some(Json)),
            ("application/graphql-response+json;q=0.5, */*", Some(Json)),
            ("application/json;q=0, */*", Some(GraphqlResponse)),
            ("application/json;q=0, application/graphql-response+json;q=0", None),
            ("application/json; q=2", None),
            ("application/json; q=x", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().unwrap());
            assert_eq!(MediaType::wanted(&headers), expected, "{accept}");
        }
        assert_eq!(MediaType::wanted(&HeaderMap::new()), Some(Json));
    }
}
