//! Reading a statement, character by character, into a tree that is no deeper than it may be.

use crate::decide::Relation;
use crate::error::{Undecided, limits};
use crate::ratio::Ratio;

/// An expression.
#[derive(Clone, Debug)]
pub(crate) enum Tree {
    Number(Ratio),
    Negated(Box<Tree>),
    Both(Operator, Box<Tree>, Box<Tree>),
}

/// What stands between two expressions.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operator {
    Plus,
    Minus,
    Times,
    Over,
    Power,
}

/// One expression, or two with a relation between them.
pub(crate) struct Statement {
    pub(crate) left: Tree,
    pub(crate) claim: Option<(Relation, Tree)>,
}

struct Cursor {
    characters: Vec<char>,
    next: usize,
    depth: usize,
}

/// Reads a whole text.
pub(crate) fn read(text: &str) -> Result<Statement, Undecided> {
    if text.len() > limits::BYTES_MAX {
        return Err(Undecided::TooLong { found: text.len() });
    }
    let mut cursor = Cursor { characters: text.chars().collect(), next: 0, depth: 0 };
    let left = cursor.sum()?;
    let claim = match cursor.relation() {
        Some(relation) => Some((relation, cursor.sum()?)),
        None => None,
    };
    match cursor.peek() {
        None => Ok(Statement { left, claim }),
        Some(_) => Err(cursor.unreadable()),
    }
}

impl Cursor {
    fn peek(&mut self) -> Option<char> {
        while self.characters.get(self.next).is_some_and(|c| matches!(c, ' ' | '\t')) {
            self.next += 1;
        }
        self.characters.get(self.next).copied()
    }

    fn take(&mut self, wanted: &[char]) -> bool {
        let found = self.peek().is_some_and(|c| wanted.contains(&c));
        self.next += usize::from(found);
        found
    }

    /// A character right behind the last one.
    fn follows(&mut self, wanted: char) -> bool {
        let found = self.characters.get(self.next) == Some(&wanted);
        self.next += usize::from(found);
        found
    }

    fn unreadable(&mut self) -> Undecided {
        let found = self.peek().map_or("end".to_owned(), String::from);
        Undecided::Unreadable { found, at: self.next + 1 }
    }

    fn relation(&mut self) -> Option<Relation> {
        let first = self.peek()?;
        self.next += 1;
        Some(match first {
            '=' => {
                self.follows('=');
                Relation::Equal
            }
            '≠' => Relation::NotEqual,
            '≤' => Relation::AtMost,
            '≥' => Relation::AtLeast,
            '<' if self.follows('=') => Relation::AtMost,
            '>' if self.follows('=') => Relation::AtLeast,
            '<' => Relation::Less,
            '>' => Relation::Greater,
            '!' if self.follows('=') => Relation::NotEqual,
            _ => {
                self.next -= 1;
                return None;
            }
        })
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Undecided>) -> Result<T, Undecided> {
        if self.depth == limits::DEPTH_MAX {
            return Err(Undecided::TooDeep);
        }
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn sum(&mut self) -> Result<Tree, Undecided> {
        let mut left = self.product()?;
        loop {
            let operator = match self.peek() {
                Some('+') => Operator::Plus,
                Some('-' | '−') => Operator::Minus,
                Some(_) | None => return Ok(left),
            };
            self.next += 1;
            left = Tree::Both(operator, Box::new(left), Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Result<Tree, Undecided> {
        let mut left = self.signed()?;
        loop {
            let operator = match self.peek() {
                Some('*' | '×' | '·') => Operator::Times,
                Some('/' | '÷') => Operator::Over,
                Some(_) | None => return Ok(left),
            };
            self.next += 1;
            left = Tree::Both(operator, Box::new(left), Box::new(self.signed()?));
        }
    }

    fn signed(&mut self) -> Result<Tree, Undecided> {
        if self.take(&['-', '−']) {
            return self.deeper(|cursor| Ok(Tree::Negated(Box::new(cursor.signed()?))));
        }
        match self.take(&['+']) {
            true => self.deeper(Self::signed),
            false => self.power(),
        }
    }

    fn power(&mut self) -> Result<Tree, Undecided> {
        let base = self.atom()?;
        let double = self.peek() == Some('*') && self.characters.get(self.next + 1) == Some(&'*');
        if double {
            self.next += 2;
        } else if !self.take(&['^']) {
            return Ok(base);
        }
        let exponent = self.deeper(Self::signed)?;
        Ok(Tree::Both(Operator::Power, Box::new(base), Box::new(exponent)))
    }

    fn atom(&mut self) -> Result<Tree, Undecided> {
        if !self.take(&['(']) {
            return self.number();
        }
        let inside = self.deeper(Self::sum)?;
        match self.take(&[')']) {
            true => Ok(inside),
            false => Err(self.unreadable()),
        }
    }

    fn number(&mut self) -> Result<Tree, Undecided> {
        let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        if !is_digit(self.peek()) {
            return Err(self.unreadable());
        }
        let mut digits = self.digits();
        let mut behind = 0;
        if self.characters.get(self.next) == Some(&'.')
            && is_digit(self.characters.get(self.next + 1).copied())
        {
            self.next += 1;
            let fraction = self.digits();
            behind = fraction.len();
            digits.push_str(&fraction);
        }
        Ratio::decimal(&digits, behind).map(Tree::Number)
    }

    fn digits(&mut self) -> String {
        let digits: String = self.characters[self.next..].iter().take_while(|c| c.is_ascii_digit()).collect();
        self.next += digits.len();
        digits
    }
}
