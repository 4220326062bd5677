//! Working a statement out.

use std::cmp::Ordering;
use std::fmt;

use crate::error::Undecided;
use crate::ratio::Ratio;
use crate::text::{Operator, Tree, read};

/// What is claimed of two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

impl Relation {
    const fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::AtMost => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::AtLeast => order.is_ge(),
        }
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        })
    }
}

/// What became of a text. Numbers are in lowest terms: `7`, `-1/3`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decided {
    /// It claims something.
    Claim {
        /// The number on the left.
        left: String,
        /// What is claimed.
        relation: Relation,
        /// The number on the right.
        right: String,
        /// Whether it is so.
        holds: bool,
    },
    /// It claims nothing: one number.
    Value(String),
}

/// Works a text out.
///
/// # Errors
/// `Undecided`: it is no arithmetic, too large, or has no value.
pub fn decide(text: &str) -> Result<Decided, Undecided> {
    let statement = read(text)?;
    let left = value(&statement.left)?;
    let Some((relation, right)) = statement.claim else { return Ok(Decided::Value(left.to_string())) };
    let right = value(&right)?;
    let holds = relation.holds(left.cmp(&right));
    Ok(Decided::Claim { left: left.to_string(), relation, right: right.to_string(), holds })
}

/// A tree leans to the left as far as its text is long, so that side is walked and not descended.
fn value(tree: &Tree) -> Result<Ratio, Undecided> {
    let mut spine = Vec::new();
    let mut leftmost = tree;
    while let Tree::Both(operator, left, right) = leftmost {
        spine.push((*operator, right));
        leftmost = left;
    }
    let mut left = match leftmost {
        Tree::Number(number) => number.clone(),
        Tree::Negated(inside) => value(inside)?.negated(),
        Tree::Both(..) => unreachable!("the walk ends behind the last of these"),
    };
    while let Some((operator, right)) = spine.pop() {
        let right = value(right)?;
        left = match operator {
            Operator::Plus => left.plus(&right)?,
            Operator::Minus => left.minus(&right)?,
            Operator::Times => left.times(&right)?,
            Operator::Over => left.over(&right)?,
            Operator::Power => left.power(&right)?,
        };
    }
    Ok(left)
}

#[cfg(test)]
mod tests;
