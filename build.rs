//! Migrations are built into the program by a macro, which cannot say that it has read them.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
