//! JSON that has one reading, or none: what statements are written in.

use proto::statement::Format;

use crate::statement::{leaf, refused};
use crate::vector::Vector;

/// In the place of a JWS in general form: what is JSON lacks its members.
pub fn vectors() -> Vec<Vector> {
    let one = |name: &str, text: &[u8], says: &str| refused(name, leaf(Format::JwsJson, text, &[]), says);
    let member =
        |name: &str, value: &str, says: &str| one(name, format!("{{\"a\":{value}}}").as_bytes(), says);
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    vec![
        one("a list", b"[]", "is not an object"),
        one("an object that does not end", b"{\"a\":1", "does not end"),
        one("a comma too many", b"{\"a\":1,}", "has no name"),
        one("no comma", b"{\"a\":1 \"b\":2}", "does not end"),
        one("a name without quotes", b"{a:1}", "has no name"),
        one("a name without value", b"{\"a\"}", "has no value"),
        one("another value behind it", b"{} {}", "follows the value"),
        one("white space that is none", b"{\x0b}", "has no name"),
        one("a blank that is none", "{\u{a0}}".as_bytes(), "has no name"),
        one("bytes that are no UTF-8", b"{\"a\":\"\xff\"}", "is not UTF-8"),
        one("half a character in UTF-8", b"{\"a\":\"\xed\xa0\x80\"}", "is not UTF-8"),
        member("a comma too many in a list", "[1,]", "is not JSON"),
        member("a word that is none", "nul", "is not JSON"),
        member("no number", "NaN", "is not JSON"),
        member("no end of numbers", "-Infinity", "a number lacks a digit"),
        member("a number with a zero before", "01", "does not end"),
        member("a number with a sign", "+1", "is not JSON"),
        member("a number that ends in a point", "1.", "a number lacks a digit"),
        member("a number that begins with a point", ".5", "is not JSON"),
        member("a number without exponent", "1e", "a number lacks a digit"),
        member("a number in hex", "0x10", "does not end"),
        member("a text with a line's end", "\"\n\"", "control character"),
        member("a text with an escape that is none", "\"\\x41\"", "an escape that is none"),
        member("a text with three digits", "\"\\u123\"", "no four digits"),
        member("a text with a sign among its digits", "\"\\u+123\"", "no four digits"),
        member("a text with the first half of a character", "\"\\ud800\"", "half a surrogate pair"),
        member("a text with the second half of a character", "\"\\udc00\"", "half a surrogate pair"),
        member("a text with two first halves", "\"\\ud800\\ud800\"", "half a surrogate pair"),
        member("a text with half a character and a letter", "\"\\ud800\\u0041\"", "half a surrogate pair"),
        member("a name with half a character", "{\"\\udfff\":1}", "half a surrogate pair"),
        member("a text that does not end", "\"", "does not end"),
        member("33 levels", &nested(32), "deeper than 32"),
        member(
            "32 levels, the last one an object",
            &format!("{}{{}}{}", "[".repeat(30), "]".repeat(30)),
            "no signature covers",
        ),
        member(
            "33 levels, the last one an object",
            &format!("{}{{}}{}", "[".repeat(31), "]".repeat(31)),
            "deeper than 32",
        ),
        member(
            "34 levels of objects",
            &format!("{}1{}", "{\"a\":".repeat(33), "}".repeat(33)),
            "deeper than 32",
        ),
        one("60,000 levels", "[".repeat(60_000).as_bytes(), "deeper than 32"),
    ]
}
