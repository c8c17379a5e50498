//! The origins that may call the API from a browser: the setting `CORS_ORIGINS`.

use std::str::FromStr;

/// The origins that may call the API from a browser.
#[derive(Clone, Debug)]
pub enum Cors {
    /// Only these origins; none if empty.
    Only(Vec<Origin>),
    /// Any origin.
    Any,
}

/// One entry of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Exactly this origin.
    Exact(String),
    /// The subdomains of a domain, but not the domain itself.
    Subdomains {
        /// Up to the host, such as `https://`.
        scheme: String,
        /// The end of the host from the dot on, and the port, such as `.example.com:8443`.
        domain: String,
    },
}

impl Cors {
    /// Whether pages of this origin may call the API.
    pub fn allows(&self, origin: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Only(list) => list.iter().any(|allowed| allowed.matches(origin)),
        }
    }
}

impl Origin {
    fn matches(&self, origin: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == origin,
            Self::Subdomains { scheme, domain } => {
                let name = origin.strip_prefix(scheme.as_str());
                name.and_then(|host| host.strip_suffix(domain.as_str())).is_some_and(is_host)
            }
        }
    }
}

impl FromStr for Cors {
    type Err = String;

    fn from_str(list: &str) -> Result<Self, String> {
        if list.trim() == "*" {
            return Ok(Self::Any);
        }
        let origins = list.split(',').map(str::trim).filter(|origin| !origin.is_empty());
        origins.map(str::parse).collect::<Result<_, _>>().map(Self::Only)
    }
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // Browsers send origins in lower case and without the default port.
        let origin = text.to_lowercase();
        let no_origin = || {
            format!(
                "{text:?} is neither an origin such as https://app.example.com nor \
                 https://*.example.com"
            )
        };
        let (scheme, rest) = origin.split_once("://").ok_or_else(no_origin)?;
        let (host, port) = split_port(rest);
        let name = host.strip_prefix("*.").unwrap_or(host);
        if rest.ends_with('/') {
            return Err(format!("{text:?}: leave out the / at the end, as browsers do"));
        }
        if !is_scheme(scheme) || !is_host(name) || port.is_some_and(|port| !is_port(port)) {
            return Err(no_origin());
        }
        if let ("https", Some("443")) | ("http", Some("80")) = (scheme, port) {
            return Err(format!("{text:?}: leave out the port, as browsers do"));
        }
        Ok(match rest.strip_prefix('*') {
            Some(domain) => {
                Self::Subdomains { scheme: format!("{scheme}://"), domain: domain.to_owned() }
            }
            None => Self::Exact(origin),
        })
    }
}

/// The host and the port. The colons of an IPv6 address are inside brackets.
fn split_port(rest: &str) -> (&str, Option<&str>) {
    match rest.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (rest, None),
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.chars().all(|char| char.is_ascii_alphanumeric() || "+-.".contains(char))
}

/// Host names and IP addresses; the labels of names are not empty.
fn is_host(text: &str) -> bool {
    let is_name = |text: &str| {
        let is_letter = |char: char| char.is_ascii_alphanumeric() || "-_".contains(char);
        text.split('.').all(|label| !label.is_empty() && label.chars().all(is_letter))
    };
    match text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => is_name(text),
    }
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listed_origins_and_subdomains_are_allowed() {
        let list = "https://app.example.com, http://localhost:3000,https://*.Example.org, \
                    https://*.example.net:8443 ,http://[::1]:3000,capacitor://localhost";
        let cors: Cors = list.parse().unwrap();
        for (origin, allowed) in [
            ("https://app.example.com", true),
            ("http://app.example.com", false),
            ("https://app.example.com:8443", false),
            ("https://example.com", false),
            ("https://app.example.com.evil.org", false),
            ("http://localhost:3000", true),
            ("http://localhost", false),
            ("http://[::1]:3000", true),
            ("capacitor://localhost", true),
            ("https://a.example.org", true),
            ("https://b.a.example.org", true),
            ("https://example.org", false),
            ("https://.example.org", false),
            ("https://evilexample.org", false),
            ("http://a.example.org", false),
            ("https://a.example.org:8443", false),
            ("https://evil.com/.example.org", false),
            ("https://evil.com#.example.org", false),
            ("https://user@a.example.org", false),
            ("https://a.example.net:8443", true),
            ("https://a.example.net", false),
            ("null", false),
            ("", false),
        ] {
            assert_eq!(cors.allows(origin), allowed, "{origin}");
        }
        assert!(" * ".parse::<Cors>().unwrap().allows("https://any.example"));
        assert!(!"".parse::<Cors>().unwrap().allows("https://any.example"));
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for list in [
            "app.example.com",
            "https://",
            "https://*",
            "https://*.",
            "https://a.*.example.com",
            "https://*example.com",
            "https://app.example.com/",
            "https://app.example.com/path",
            "https://app.example.com:https",
            "https://app.example.com:443",
            "http://app.example.com:80",
            "https://app.example.com:+1",
            "https://user@example.com",
            "https://[::1",
            "*, https://app.example.com",
            "null",
        ] {
            assert!(list.parse::<Cors>().is_err(), "{list}");
        }
        let told = "https://app.example.com/".parse::<Cors>().unwrap_err();
        assert!(told.contains("leave out the / at the end"), "{told}");
    }
}
