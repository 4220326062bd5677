//! Light verification: is this receipt true?
