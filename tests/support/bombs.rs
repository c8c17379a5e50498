//! Documents that are made to be slow. The benchmark of hostile requests has them too.

/// Each with its name.
pub fn bombs() -> Vec<(String, String)> {
    let mut bombs = Vec::new();
    let mut add = |name: &str, document: String| bombs.push((name.to_owned(), document));
    for depth in [100, 500, 2_000, 8_000, 20_000] {
        let nest = |open: &str, close: &str, inner: &str| {
            format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
        };
        add(&format!("{depth} selections"), nest("{ viewer ", "}", "{ id }"));
        add(
            &format!("{depth} lists"),
            format!("{{ nodes(ids: {}) {{ id }} }}", nest("[", "]", "1")),
        );
        add(
            &format!("{depth} lists, never closed"),
            format!("{{ nodes(ids: {}", "[".repeat(depth)),
        );
        add(
            &format!("{depth} objects"),
            format!("{{ boards(orderBy: {}) {{ totalCount }} }}", nest("{ a: ", "}", "1")),
        );
        add(
            &format!("{depth} types"),
            format!("query($v: {}) {{ __typename }}", nest("[", "]", "Int")),
        );
        add(
            &format!("{depth} inline fragments"),
            format!("{{ {} }}", nest("... { ", "}", "__typename")),
        );
        add(
            &format!("{depth} default values"),
            format!("query($v: Int = {}) {{ __typename }}", nest("[", "]", "1")),
        );
        add(
            &format!("{depth} directives' arguments"),
            format!("{{ __typename @skip(if: {}) }}", nest("{ a: ", "}", "1")),
        );
    }
    for depth in [70, 500, 20_000] {
        let brackets = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        let name = format!("{depth} lists behind a block string that is not closed");
        add(&name, format!("{{ nodes(ids: [\"\"\"abc\" {brackets}]) {{ id }} }}"));
        let name = format!("{name}, in a default value");
        add(&name, format!("query($v: [ID] = [\"\"\"abc\" {brackets}]) {{ __typename }}"));
    }
    let many = |one: &dyn Fn(usize) -> String| (0..10_000).map(one).collect::<String>();
    add("aliases", format!("{{ {} }}", many(&|n| format!("a{n}: __typename "))));
    add("fields", format!("{{ {} }}", "__typename ".repeat(10_000)));
    add("directives", format!("{{ __typename {} }}", "@skip(if: false) ".repeat(10_000)));
    add("unknown directives", format!("{{ __typename {} }}", "@x ".repeat(2_000)));
    add("arguments", format!("{{ boards({}) {{ totalCount }} }}", "first: 1 ".repeat(10_000)));
    add(
        "unused fragments",
        format!(
            "{{ __typename }} {}",
            many(&|n| format!("fragment F{n} on Query {{ __typename }} "))
        ),
    );
    add(
        "unused variables",
        format!("query({}) {{ __typename }}", many(&|n| format!("$v{n}: Int "))),
    );
    add("operations", many(&|n| format!("query Q{n} {{ __typename }} ")));
    let all_labels = "RED ".repeat(2_000);
    add(
        "a long list in a fragment that is spread often",
        format!(
            "{{ boards(first: 200) {{ nodes {{ {} }} }} }} fragment F on Board {{ cards(filter: {{ labels: [{all_labels}] }}) {{ totalCount }} }}",
            "...F ".repeat(80)
        ),
    );
    let searches: String = (0..190)
        .map(|n| format!("a{n}: cards(filter: {{ text: \"zz{n}\" }}) {{ totalCount }} "))
        .collect();
    add("searches", format!("{{ boards(first: 200) {{ nodes {{ {searches} }} }} }}"));
    let infos: String = (0..3)
        .map(|n| format!("a{n}: cards(first: {}) {{ pageInfo {{ hasNextPage }} }} ", 1000 - n))
        .collect();
    add("information about pages", format!("{{ boards(first: 200) {{ nodes {{ {infos} }} }} }}"));
    let types: String = (0..40)
        .map(|n| format!("a{n}: __schema {{ types {{ fields {{ args {{ type {{ ofType {{ ofType {{ name }} }} }} }} }} }} }} "))
        .collect();
    add("introspections", format!("{{ {types} }}"));
    let chain = |levels: usize, one: &dyn Fn(usize) -> String| {
        let fragments: String = (0..levels).map(one).collect();
        format!("{{ ...F0 }} {fragments} fragment F{levels} on Query {{ __typename }}")
    };
    let doubling = |n: usize| format!("fragment F{n} on Query {{ ...F{0} ...F{0} }} ", n + 1);
    add("doubling fragments", chain(30, &doubling));
    add(
        "doubling fragments that nothing spreads",
        chain(30, &doubling).replace("{ ...F0 }", "{ __typename }"),
    );
    let nesting = |n: usize| {
        format!(
            "fragment F{n} on Query {{ a: viewer {{ id }} ...F{0} b: boards {{ nodes {{ id }} }} ...F{0} }} ",
            n + 1
        )
    };
    add("doubling fragments with fields", chain(25, &nesting));
    add(
        "long chain of fragments",
        chain(600, &|n| format!("fragment F{n} on Query {{ ...F{} }} ", n + 1)),
    );
    add("circle of one", "{ ...F } fragment F on Query { ...F }".into());
    add(
        "circle of two",
        "{ ...F } fragment F on Query { ...G } fragment G on Query { ...F }".into(),
    );
    add("circle that nothing spreads", "{ __typename } fragment F on Query { ...F }".into());
    add(
        "circle through a field",
        "{ boards { nodes { ...F } } } fragment F on Board { cards { nodes { board { ...F } } } }"
            .into(),
    );
    bombs
}
