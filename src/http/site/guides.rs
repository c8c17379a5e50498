//! The guides for developers of clients: the files in `docs/`, as HTML.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};
use rust_embed::Embed;

#[derive(Embed)]
#[folder = "docs/"]
#[include = "*.md"]
#[exclude = "README.md"]
#[exclude = "adr/*"]
struct Docs;

/// A guide.
pub(super) struct Guide {
    /// The name of its file, without the extension.
    pub(super) name: String,
    pub(super) title: String,
    text: String,
}

/// All guides, in the order of their names.
pub(super) fn all() -> impl Iterator<Item = Guide> {
    Docs::iter().filter_map(|file| find(file.strip_suffix(".md")?))
}

/// The guide of this name.
pub(super) fn find(name: &str) -> Option<Guide> {
    let file = Docs::get(&format!("{name}.md"))?;
    let text = String::from_utf8(file.data.into_owned()).ok()?;
    let title = text.lines().find_map(|line| line.strip_prefix("# "))?.to_owned();
    Some(Guide { name: name.to_owned(), title, text })
}

impl Guide {
    /// The guide as HTML, for a server with this base path. Its headings have the same anchors as on
    /// GitHub.
    pub(super) fn html(&self, base_path: &str) -> String {
        let mut events: Vec<_> = Parser::new_ext(&self.text, Options::ENABLE_TABLES).collect();
        set_anchors(&mut events);
        let mut page = String::with_capacity(self.text.len() * 2);
        html::push_html(&mut page, with_links(events, base_path));
        page
    }
}

/// Gives each heading its anchor: its text in lower case, with hyphens for spaces.
fn set_anchors(events: &mut [Event<'_>]) {
    let mut start = 0;
    let mut text = String::new();
    for at in 0..events.len() {
        match &events[at] {
            Event::Start(Tag::Heading { .. }) => (start, text) = (at, String::new()),
            Event::Text(part) | Event::Code(part) => text.push_str(part),
            Event::End(TagEnd::Heading(_)) => {
                if let Event::Start(Tag::Heading { id, .. }) = &mut events[start] {
                    *id = Some(anchor(&text).into());
                }
            }
            _ => {}
        }
    }
}

fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|char| char.is_alphanumeric() || " -_".contains(*char));
    kept.flat_map(char::to_lowercase).map(|char| if char == ' ' { '-' } else { char }).collect()
}

/// Points the links between the guides to this server. Links to other files of the project become text.
fn with_links<'e>(events: Vec<Event<'e>>, base_path: &'e str) -> impl Iterator<Item = Event<'e>> {
    let mut is_dropped = false;
    events.into_iter().filter_map(move |event| match event {
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let target = target(&dest_url, base_path);
            is_dropped = target.is_none();
            let link =
                |dest_url: String| Tag::Link { link_type, dest_url: dest_url.into(), title, id };
            target.map(|target| Event::Start(link(target)))
        }
        Event::End(TagEnd::Link) => (!is_dropped).then_some(event),
        event => Some(event),
    })
}

fn target(link: &str, base_path: &str) -> Option<String> {
    if link.starts_with("https://") || link.starts_with('#') {
        return Some(link.to_owned());
    }
    if link == "../schema.graphql" {
        return Some(format!("{base_path}/schema.graphql"));
    }
    let (file, anchor) = link.split_at(link.find('#').unwrap_or(link.len()));
    let name = file.strip_suffix(".md").filter(|name| !name.contains('/'))?;
    Some(format!("{base_path}/guides/{name}{anchor}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_this_server() {
        for (link, expected) in [
            ("https://relay.dev", Some("https://relay.dev")),
            ("#here", Some("#here")),
            ("live.md", Some("/base/guides/live")),
            ("live.md#x", Some("/base/guides/live#x")),
            ("../schema.graphql", Some("/base/schema.graphql")),
            ("../README.md", None),
            ("adr/0001-documents.md", None),
            ("../tests/clients", None),
        ] {
            assert_eq!(target(link, "/base").as_deref(), expected, "{link}");
        }
    }

    #[test]
    fn every_link_between_the_guides_leads_somewhere() {
        let guides: Vec<_> = all().collect();
        assert!(guides.len() >= 10);
        for guide in &guides {
            let page = guide.html("");
            for link in page.split("href=\"").skip(1) {
                let link = link.split('"').next().unwrap_or_default();
                let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
                let target = match path.strip_prefix("/guides/") {
                    Some(name) => find(name).map(|guide| guide.html("")),
                    None if path.is_empty() => Some(page.clone()),
                    None => continue,
                };
                let target = target.unwrap_or_else(|| panic!("{}: {link}", guide.name));
                let id = format!("id=\"{anchor}\"");
                assert!(anchor.is_empty() || target.contains(&id), "{}: {link}", guide.name);
            }
        }
    }
}
