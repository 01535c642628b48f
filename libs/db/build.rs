//! The migrations are compiled in: a new or changed file must rebuild this crate.
#![allow(clippy::print_stdout)]

fn main() {
    println!("cargo:rerun-if-changed=../../sql");
}
