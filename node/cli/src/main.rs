//! The command line of Quorate.

fn main() {}
