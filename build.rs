//! Rebuilds the crate when a migration changes, when there is a new guide, or when GraphiQL was built. The
//! macros that embed these files cannot track new ones.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
    // Debug builds read these files at run time.
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo:rerun-if-changed=docs");
        println!("cargo:rerun-if-changed=graphiql/dist");
    }
}
