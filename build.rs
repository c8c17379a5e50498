//! Rebuilds the crate when a migration changes. The macro that embeds the migrations cannot track its
//! files.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
