//! Makes schema.graphql known to the macros of cynic.

fn main() {
    let schema = cynic_codegen::register_schema("kanban");
    schema
        .from_sdl_file("../../../schema.graphql")
        .unwrap()
        .as_default()
        .unwrap();
}
