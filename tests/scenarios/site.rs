//! What a browser finds besides the API: the first page, the guides, the schema, a front end, and all of it below a
//! base path.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use futures_util::future::join_all;
use reqwest::header::{
    ACCEPT, ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_TYPE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LOCATION, RANGE,
};
use reqwest::{Method, RequestBuilder, Response, redirect};
use serde_json::json;
use tempfile::TempDir;

use crate::support::{
    Events, Server, Socket, User, Watched, ask_for_events, config_with, scenarios,
};

scenarios![
    the_first_page_links_to_everything,
    the_guides_are_pages,
    the_schema_is_a_file,
    a_front_end_is_served,
    a_front_end_has_pages_of_its_own,
    a_page_that_cannot_be_read_is_told,
    nothing_outside_of_the_directory_is_served,
    files_are_asked_for_in_parts_and_once,
    everything_is_below_the_base_path,
    a_directory_without_a_page_stops_the_start,
];

/// A page as a browser asks for it.
async fn page(server: &Server, path: &str) -> (u16, String) {
    let request = server.http.get(format!("{}{path}", server.url));
    let response = request.header(ACCEPT, "text/html,*/*;q=0.8").send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

fn links(page: &str) -> Vec<&str> {
    page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

async fn the_first_page_links_to_everything(server: Arc<Server>) {
    let (status, first) = page(&server, "/").await;
    assert_eq!(status, 200);
    let links: Vec<_> = links(&first).into_iter().filter(|link| link.starts_with('/')).collect();
    for link in ["/graphiql", "/schema.graphql", "/livez", "/readyz", "/guides/apollo"] {
        assert!(links.contains(&link), "{link}: {links:?}");
    }
    for link in &links {
        assert_eq!(page(&server, link).await.0, 200, "{link}");
    }
    let response = server.http.get(&server.url).send().await.unwrap();
    let policy = response.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    let post = server.http.post(&server.url).send().await.unwrap();
    assert_eq!(post.status(), 405);

    let closed = server.another(&[("GRAPHIQL", "off"), ("GRAPHQL_INTROSPECTION", "off")]).await;
    let (_, first) = page(&closed, "/").await;
    assert!(!first.contains("/graphiql") && !first.contains("schema.graphql"), "{first}");
    closed.stop().await;
}

async fn the_guides_are_pages(server: Arc<Server>) {
    let folder = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/docs")).unwrap();
    let names = folder.map(|file| file.unwrap().file_name().into_string().unwrap());
    let names = names.filter_map(|name| name.strip_suffix(".md").map(ToOwned::to_owned));
    let (_, first) = page(&server, "/").await;
    for name in names.filter(|name| name != "README") {
        let path = format!("/guides/{name}");
        assert!(links(&first).contains(&&*path), "{name}");
        let (status, guide) = page(&server, &path).await;
        assert_eq!(status, 200, "{name}");
        assert!(guide.contains("<h1 id=") && guide.contains("</html>"), "{name}");
    }
    for name in ["none", "README", "..%2fREADME", "adr%2f0001-documents"] {
        assert_eq!(page(&server, &format!("/guides/{name}")).await.0, 404, "{name}");
    }
}

async fn the_schema_is_a_file(server: Arc<Server>) {
    let (status, schema) = page(&server, "/schema.graphql").await;
    assert_eq!((status, schema), (200, kanban::graphql::sdl()));
    let closed = server.another(&[("GRAPHQL_INTROSPECTION", "off")]).await;
    assert_eq!(page(&closed, "/schema.graphql").await.0, 404);
    closed.stop().await;
}

/// A folder with a front end as Vite builds it, and things that must not be served.
fn front_end() -> TempDir {
    let folder = TempDir::new().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(
        "dist/index.html",
        r#"<html><head><base href="/"></head><body>The front end</body></html>"#,
    );
    write("dist/assets/index-Ab3dE_9x.js", &"export {};".repeat(1000));
    write("dist/icon.svg", "<svg/>");
    write("dist/.env", "hidden");
    write("dist/.git/config", "hidden");
    write("dist/.well-known/security.txt", "Contact: x");
    write("secret.txt", "hidden");
    folder
}

async fn with(server: &Server, directory: &Path, more: &[(&str, &str)]) -> Server {
    let mut settings = vec![("STATIC_DIR", directory.to_str().unwrap())];
    settings.extend_from_slice(more);
    server.another(&settings).await
}

async fn get(server: &Server, path: &str) -> Response {
    server.http.get(format!("{}{path}", server.url)).send().await.unwrap()
}

async fn a_front_end_is_served(server: Arc<Server>) {
    let folder = front_end();
    let front = with(&server, &folder.path().join("dist"), &[]).await;
    for path in ["/", "/index.html"] {
        let response = get(&front, path).await;
        assert_eq!(response.headers()[CACHE_CONTROL], "no-cache", "{path}");
        assert_eq!(response.headers()["content-security-policy"], "frame-ancestors 'self'");
        assert!(response.text().await.unwrap().contains("The front end"), "{path}");
    }
    let script = get(&front, "/assets/index-Ab3dE_9x.js").await;
    assert_eq!(script.headers()[CACHE_CONTROL], "public, max-age=31536000, immutable");
    assert_eq!(script.headers()[CONTENT_TYPE], "text/javascript");
    assert_eq!(script.headers()["x-content-type-options"], "nosniff");
    let icon = get(&front, "/icon.svg").await;
    assert_eq!(icon.headers()[CACHE_CONTROL], "no-cache");
    assert_eq!(icon.headers()[CONTENT_TYPE], "image/svg+xml");
    let post = front.http.post(format!("{}/icon.svg", front.url)).send().await.unwrap();
    assert_eq!(post.status(), 405);
    // The API, GraphiQL and the guides are where they were.
    front.ask("{ __typename }", json!({})).await.ok();
    for path in ["/graphiql", "/schema.graphql", "/guides/live", "/livez"] {
        assert_eq!(get(&front, path).await.status(), 200, "{path}");
    }
    // A new version of the page is served at once.
    fs::write(folder.path().join("dist/index.html"), "new").unwrap();
    assert_eq!(get(&front, "/").await.text().await.unwrap(), "new");
    front.stop().await;
}

async fn a_front_end_has_pages_of_its_own(server: Arc<Server>) {
    let folder = front_end();
    let front = with(&server, &folder.path().join("dist"), &[]).await;
    for (path, accept, status) in [
        ("/boards/board_1", "text/html,application/xhtml+xml,*/*;q=0.8", 200),
        ("/boards/", "text/html", 200),
        ("/boards/board_1", "*/*", 404),
        ("/boards/board_1", "application/json", 404),
        ("/boards/board_1", "text/html;q=0", 404),
        ("/assets/index-gone.js", "*/*", 404),
        ("/assets/index-gone.js", "text/html", 404),
        ("/assets/", "text/html", 404),
        ("/gone.png", "image/avif,image/webp,*/*", 404),
    ] {
        let request = front.http.get(format!("{}{path}", front.url)).header(ACCEPT, accept);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "{path} {accept}");
        let cache = if status == 200 { "no-cache" } else { "no-store" };
        assert_eq!(response.headers()[CACHE_CONTROL], cache, "{path} {accept}");
    }
    let request = front.http.post(format!("{}/boards/board_1", front.url));
    assert_eq!(request.header(ACCEPT, "text/html").send().await.unwrap().status(), 405);
    front.stop().await;
}

async fn a_page_that_cannot_be_read_is_told(server: Arc<Server>) {
    let folder = front_end();
    let (dist, index) = (folder.path().join("dist"), folder.path().join("dist/index.html"));
    let watched = Watched::start(&server, &[("STATIC_DIR", dist.to_str().unwrap())]).await;
    fs::remove_file(&index).unwrap();
    assert_eq!(page(&watched.server, "/boards/board_1").await.0, 404);
    fs::create_dir(&index).unwrap();
    assert_eq!(page(&watched.server, "/boards/board_1").await, (500, String::new()));
    let log = watched.process.stop().await;
    assert_eq!(log.matches("cannot read index.html in STATIC_DIR").count(), 2, "{log}");
    assert!(log.contains("No such file") && log.contains("Is a directory"), "{log}");
}

async fn nothing_outside_of_the_directory_is_served(server: Arc<Server>) {
    let folder = front_end();
    let dist = folder.path().join("dist");
    std::os::unix::fs::symlink(folder.path().join("secret.txt"), dist.join("link.txt")).unwrap();
    std::os::unix::fs::symlink(folder.path(), dist.join("up")).unwrap();
    std::os::unix::fs::symlink("icon.svg", dist.join("inside.svg")).unwrap();
    let front = with(&server, &dist, &[]).await;
    for path in [
        "/link.txt",
        "/up/secret.txt",
        "/.env",
        "/%2eenv",
        "/.git/config",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/..%5csecret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/icon.svg%00",
        "/%ff",
    ] {
        let response = get(&front, path).await;
        assert_eq!(response.status(), 404, "{path}");
        assert_eq!(response.text().await.unwrap(), "", "{path}");
    }
    for path in ["/inside.svg", "/.well-known/security.txt"] {
        assert_eq!(get(&front, path).await.status(), 200, "{path}");
    }
    front.stop().await;
}

async fn files_are_asked_for_in_parts_and_once(server: Arc<Server>) {
    let folder = front_end();
    let front = with(&server, &folder.path().join("dist"), &[]).await;
    let url = format!("{}/assets/index-Ab3dE_9x.js", front.url);
    let ask = || front.http.get(&url);
    let send = async |request: RequestBuilder| request.send().await.unwrap();
    let whole = send(ask()).await;
    let (tag, date) = (whole.headers()[ETAG].clone(), whole.headers()[LAST_MODIFIED].clone());
    assert_eq!(whole.headers()[ACCEPT_RANGES], "bytes");

    let part = send(ask().header(RANGE, "bytes=0-5").header("accept-encoding", "gzip")).await;
    assert_eq!(
        (part.status().as_u16(), &part.headers()[CONTENT_RANGE]),
        (206, &"bytes 0-5/10000".parse().unwrap())
    );
    assert_eq!(part.text().await.unwrap(), "export");
    assert_eq!(send(ask().header(RANGE, "bytes=10000-")).await.status(), 416);
    assert_eq!(send(ask().header(IF_NONE_MATCH, tag)).await.status(), 304);
    assert_eq!(send(ask().header(IF_MODIFIED_SINCE, date)).await.status(), 304);

    let packed = send(ask().header("accept-encoding", "gzip")).await;
    assert_eq!(packed.headers()[CONTENT_ENCODING], "gzip");
    assert!(packed.headers().get(ETAG).is_none() && packed.bytes().await.unwrap().len() < 1000);
    let head = send(front.http.request(Method::HEAD, &url)).await;
    assert_eq!(head.headers()[CONTENT_LENGTH], "10000");
    let all = join_all((0..32).map(|_| async { send(ask()).await.bytes().await.unwrap().len() }));
    assert!(all.await.into_iter().all(|length| length == 10_000));
    front.stop().await;
}

async fn everything_is_below_the_base_path(server: Arc<Server>) {
    let folder = front_end();
    let ann = server.user("ann").await;
    let board = ann.board("Plans").await;
    let plain = server.another(&[("BASE_PATH", "/tools/kanban/")]).await;
    let front = with(&server, &folder.path().join("dist"), &[("BASE_PATH", "/tools/kanban")]).await;
    // Proxies pass the prefix on, or remove it.
    for prefix in ["/tools/kanban", ""] {
        let (_, first) = page(&plain, &format!("{prefix}/")).await;
        let links = links(&first);
        let own: Vec<_> = links.into_iter().filter(|link| link.starts_with('/')).collect();
        assert!(
            own.len() > 5 && own.iter().all(|link| link.starts_with("/tools/kanban/")),
            "{own:?}"
        );
        for path in ["/", "/boards/board_1"] {
            let (status, text) = page(&front, &format!("{prefix}{path}")).await;
            assert_eq!(status, 200, "{prefix}{path}");
            assert!(text.contains(r#"<base href="/tools/kanban/">"#), "{text}");
        }
        for path in [
            "/assets/index-Ab3dE_9x.js",
            "/graphiql",
            "/guides/live",
            "/schema.graphql",
            "/livez",
            "/readyz",
        ] {
            assert_eq!(
                get(&front, &format!("{prefix}{path}")).await.status(),
                200,
                "{prefix}{path}"
            );
        }
        assert_eq!(get(&front, &format!("{prefix}/assets/gone.js")).await.status(), 404);
        for path in ["/graphql", "/graphql/"] {
            let request = front.http.post(format!("{}{prefix}{path}", front.url));
            let response =
                request.json(&json!({ "query": "{ __typename }" })).send().await.unwrap();
            assert_eq!(response.status(), 200, "{prefix}{path}");
        }
        let ann = User { server: Arc::new(front.below(prefix)), ..ann.clone() };
        let follow =
            "subscription($id: ID!) { boardEvents(boardId: $id, afterSequence: 0) { sequence } }";
        let variables = json!({ "id": board });
        let mut socket = Socket::of(&ann).await;
        socket.subscribe("1", follow, variables.clone()).await;
        assert_eq!(socket.next("1").await["boardEvents"]["sequence"], 1);
        let mut events = Events::of(ask_for_events(&ann, follow, variables).await);
        assert_eq!(events.next().await.unwrap().1["data"]["boardEvents"]["sequence"], 1);
    }
    let still = reqwest::Client::builder().redirect(redirect::Policy::none()).build().unwrap();
    let moved = still.get(format!("{}/tools/kanban", front.url)).send().await.unwrap();
    assert_eq!(
        (moved.status().as_u16(), &moved.headers()[LOCATION]),
        (308, &"/tools/kanban/".parse().unwrap())
    );
    plain.stop().await;
    front.stop().await;
}

async fn a_directory_without_a_page_stops_the_start(server: Arc<Server>) {
    let folder = TempDir::new().unwrap();
    for directory in [folder.path().to_owned(), folder.path().join("none")] {
        let directory = directory.to_str().unwrap();
        let settings = [("STATIC_DIR", directory)];
        let config = config_with(&server.database_url, &settings);
        let error = kanban::app::build(config).await.err().unwrap().to_string();
        assert!(error.starts_with("STATIC_DIR: ") && error.contains(directory), "{error}");
    }
}
