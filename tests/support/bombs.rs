//! Documents that are expensive to parse, validate or execute. The `hostile` benchmark uses them too.

type Bomb = (String, String);

/// All documents, each with a name.
pub fn bombs() -> Vec<Bomb> {
    [nested(), unclosed(), long(), fragments(), amounts()].concat()
}

fn named(name: impl Into<String>, document: impl Into<String>) -> Bomb {
    (name.into(), document.into())
}

/// Concatenates the results of `one` for 0 to `count - 1`.
fn many(count: usize, one: impl Fn(usize) -> String) -> String {
    (0..count).map(one).collect::<Vec<_>>().concat()
}

fn nested() -> Vec<Bomb> {
    let mut bombs = Vec::new();
    for depth in [100, 500, 2_000, 8_000, 20_000] {
        let nest = |open: &str, close: &str, inner: &str| {
            format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
        };
        let mut add = |name: &str, document: String| {
            bombs.push(named(format!("{depth} {name}"), document));
        };
        add("selections", nest("{ viewer ", "}", "{ id }"));
        add("lists", format!("{{ nodes(ids: {}) {{ id }} }}", nest("[", "]", "1")));
        add("unclosed lists", format!("{{ nodes(ids: {}", "[".repeat(depth)));
        let objects = nest("{ a: ", "}", "1");
        add("objects", format!("{{ boards(orderBy: {objects}) {{ totalCount }} }}"));
        add("types", format!("query($v: {}) {{ __typename }}", nest("[", "]", "Int")));
        add("inline fragments", format!("{{ {} }}", nest("... { ", "}", "__typename")));
        add("default values", format!("query($v: Int = {}) {{ __typename }}", nest("[", "]", "1")));
        add("directives' arguments", format!("{{ __typename @skip(if: {objects}) }}"));
    }
    bombs
}

/// Text that the pre-parse scanner takes for a string and the parser does not.
fn unclosed() -> Vec<Bomb> {
    let mut bombs = Vec::new();
    for depth in [70, 500, 20_000] {
        let brackets = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        let name = format!("{depth} lists after an unclosed block string");
        let list = format!("[\"\"\"abc\" {brackets}]");
        bombs.push(named(&name, format!("{{ nodes(ids: {list}) {{ id }} }}")));
        let default = format!("query($v: [ID] = {list}) {{ __typename }}");
        bombs.push(named(format!("{name}, in a default value"), default));
    }
    bombs
}

fn long() -> Vec<Bomb> {
    let fragment = |n| format!("fragment F{n} on Query {{ __typename }} ");
    let arguments = "first: 1 ".repeat(10_000);
    vec![
        named("aliases", format!("{{ {} }}", many(10_000, |n| format!("a{n}: __typename ")))),
        named("fields", format!("{{ {} }}", "__typename ".repeat(10_000))),
        named("directives", format!("{{ __typename {} }}", "@skip(if: false) ".repeat(10_000))),
        named("unknown directives", format!("{{ __typename {} }}", "@x ".repeat(2_000))),
        named("arguments", format!("{{ boards({arguments}) {{ totalCount }} }}")),
        named("unused fragments", format!("{{ __typename }} {}", many(10_000, fragment))),
        named(
            "unused variables",
            format!("query({}) {{ __typename }}", many(10_000, |n| format!("$v{n}: Int "))),
        ),
        named("operations", many(10_000, |n| format!("query Q{n} {{ __typename }} "))),
        named("invalid characters", "?".repeat(1_000_000)),
        named("invalid numbers", format!("{{ viewer {{ id }} }} {}", "00".repeat(500_000))),
    ]
}

fn fragments() -> Vec<Bomb> {
    let chain = |levels: usize, one: &dyn Fn(usize) -> String| {
        let fragments = many(levels, one);
        format!("{{ ...F0 }} {fragments} fragment F{levels} on Query {{ __typename }}")
    };
    let link = |n: usize| format!("fragment F{n} on User {{ ...F{} }} ", n + 1);
    let fields = format!("fragment F90 on User {{ {} }}", "id ".repeat(1800));
    let operations = many(250, |n| format!("query Q{n} {{ viewer {{ ...F0 }} }} "));
    let doubling = |n: usize| format!("fragment F{n} on Query {{ ...F{0} ...F{0} }} ", n + 1);
    let with_fields = |n: usize| {
        format!(
            "fragment F{n} on Query {{ a: viewer {{ id }} ...F{0} b: boards {{ nodes {{ id }} }} ...F{0} }} ",
            n + 1
        )
    };
    let unused = chain(30, &doubling).replace("{ ...F0 }", "{ __typename }");
    vec![
        named("doubling fragments", chain(30, &doubling)),
        named("unused doubling fragments", unused),
        named("doubling fragments with fields", chain(25, &with_fields)),
        named("long chain of fragments", chain(600, &link)),
        named(
            "many operations with a long chain of fragments",
            operations + &many(90, link) + &fields,
        ),
        named("fragment cycle of length one", "{ ...F } fragment F on Query { ...F }"),
        named(
            "fragment cycle of length two",
            "{ ...F } fragment F on Query { ...G } fragment G on Query { ...F }",
        ),
        named("unused fragment cycle", "{ __typename } fragment F on Query { ...F }"),
        named(
            "fragment cycle through a field",
            "{ boards { nodes { ...F } } } fragment F on Board { cards { nodes { board { ...F } } } }",
        ),
    ]
}

/// Short documents that request many objects.
fn amounts() -> Vec<Bomb> {
    let boards = |fields: String| format!("{{ boards(first: 200) {{ nodes {{ {fields} }} }} }}");
    let info = |n| format!("a{n}: cards(first: {}) {{ pageInfo {{ hasNextPage }} }} ", 1000 - n);
    let schema = |n| {
        format!(
            "a{n}: __schema {{ types {{ fields {{ args {{ type {{ ofType {{ ofType {{ name }} }} }} }} }} }} }} "
        )
    };
    vec![
        named("nested pages", boards("cards(first: 1000) { nodes { id } }".into())),
        named("page information", boards(many(3, info))),
        named("introspections", format!("{{ {} }}", many(40, schema))),
    ]
}
