//! Statements of arithmetic: do they hold?
//!
//! A pure function of a text. Numbers are exact rationals, so nothing is rounded and every machine says the same. What
//! would take too long or too much is refused before it is done; what is no arithmetic is refused as such, never guessed.
//!
//! - `text` reads a statement into a tree, within bounds; `ratio` are the numbers; `decide` works the tree out.
//!
//! The grammar: two expressions with one of `= == != ≠ < <= ≤ > >= ≥` between them, or one expression, which claims
//! nothing. In an expression `+ -`, then `* × · / ÷`, then a sign, then `^ **` (from the right, exponents whole numbers),
//! then numbers in decimal and parentheses.

mod decide;
mod error;
mod ratio;
mod text;

pub use decide::{Decided, Relation, decide};
pub use error::{Undecided, limits};
