//! Chooses the media type of the response (RFC 9110, section 12.5.1; GraphQL over HTTP).

use axum::http::{HeaderMap, HeaderName, header};

/// The media types of responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MediaType {
    /// `application/graphql-response+json`: the status says whether the request was run.
    GraphqlResponse,
    /// `application/json`, for older clients: every well-formed request gets status 200.
    Json,
}

/// The preference for a media type: its quality in thousandths, and its specificity: 2 if named in full,
/// 1 for `application/*`, 0 for `*/*`.
type Preference = (u16, u8);

const NOT_WANTED: Preference = (0, 0);

impl MediaType {
    /// The media type that the `Accept` header prefers; `None` if it accepts neither. JSON without the
    /// header.
    pub(super) fn wanted(headers: &HeaderMap) -> Option<Self> {
        if !headers.contains_key(header::ACCEPT) {
            return Some(Self::Json);
        }
        let (mut json, mut response) = (NOT_WANTED, NOT_WANTED);
        for range in ranges(headers) {
            json = range.preferred("json", json);
            response = range.preferred("graphql-response+json", response);
        }
        match (response, json) {
            ((0, _), (0, _)) => None,
            // The newer type, if it is named in full and the older one is not preferred to it.
            ((quality, 2), json) if quality > 0 && quality >= json.0 => Some(Self::GraphqlResponse),
            (response, (quality, _)) if quality >= response.0 => Some(Self::Json),
            _ => Some(Self::GraphqlResponse),
        }
    }

    /// The headers of a response of this type: `Content-Type`, and `Vary` because `Accept` decides.
    pub(super) fn headers(self) -> [(HeaderName, &'static str); 2] {
        let content_type = match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        };
        [(header::CONTENT_TYPE, content_type), (header::VARY, "Accept")]
    }
}

/// Whether a request accepts an event stream, by name.
pub(super) fn accepts_events(headers: &HeaderMap) -> bool {
    accepts_text(headers, "event-stream")
}

/// Whether a request accepts HTML, by name, as browsers do for pages but not for scripts and data.
pub(super) fn accepts_html(headers: &HeaderMap) -> bool {
    accepts_text(headers, "html")
}

fn accepts_text(headers: &HeaderMap, name: &str) -> bool {
    ranges(headers).any(|Range { main, sub, quality }| {
        main.eq_ignore_ascii_case("text") && sub.eq_ignore_ascii_case(name) && quality > 0
    })
}

/// The media ranges of the `Accept` header.
fn ranges(headers: &HeaderMap) -> impl Iterator<Item = Range<'_>> {
    let accept = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accept.flat_map(|value| value.split(',')).filter_map(Range::parse)
}

/// A media range of the `Accept` header, with its quality in thousandths.
struct Range<'a> {
    main: &'a str,
    sub: &'a str,
    quality: u16,
}

impl<'a> Range<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (main, sub) = parts.next()?.split_once('/')?;
        Some(Self { main, sub, quality: quality(parts)? })
    }

    /// The preference for `application/{sub}` after this range, given the one of the ranges before. The
    /// most specific range counts; of equally specific ranges, the last.
    fn preferred(&self, sub: &str, so_far: Preference) -> Preference {
        let specificity = match (self.main, self.sub) {
            ("*", "*") => 0,
            (main, _) if !main.eq_ignore_ascii_case("application") => return so_far,
            (_, "*") => 1,
            (_, own) if own.eq_ignore_ascii_case(sub) => 2,
            _ => return so_far,
        };
        if specificity >= so_far.1 { (self.quality, specificity) } else { so_far }
    }
}

/// The parameter `q` in thousandths; 1000 if it is missing, `None` if it is invalid.
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
