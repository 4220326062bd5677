//! Badges: a label and a message in a small picture, coloured by what is true.
//!
//! Nothing from outside is written into the picture but text, with its markup taken away.

use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use model::qwed::Lifecycle;

use super::known::Known;
use super::token::claims_of;
use crate::respond::{self, Keep};

/// Longest text on a badge, in characters.
const TEXT_CHARS_MAX: usize = 48;

const GREEN: &str = "#2e7d32";
const RED: &str = "#c62828";
const ORANGE: &str = "#ef6c00";
const YELLOW: &str = "#f9a825";
const BLUE: &str = "#1565c0";
const GREY: &str = "#757575";

/// What a badge shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Badge {
    label: String,
    message: String,
    color: String,
}

impl Badge {
    fn new(label: &str, message: &str, color: &str) -> Self {
        let [label, message] =
            [label, message].map(|text| text.chars().take(TEXT_CHARS_MAX).collect::<String>());
        Self { label, message, color: color.to_owned() }
    }

    /// Of an attestation: its state, and its result only while it holds.
    pub(super) fn of(known: &Known) -> Self {
        let (message, color) = match (known.is_trusted(), known.lifecycle()) {
            (false, _) => ("untrusted issuer".to_owned(), GREY),
            (true, Lifecycle::Revoked) => ("revoked".to_owned(), RED),
            (true, Lifecycle::Expired) => ("expired".to_owned(), ORANGE),
            (true, Lifecycle::Valid) => {
                let claims = claims_of(&known.token);
                let status = claims["qwed"]["result"]["status"].as_str().unwrap_or_default().to_lowercase();
                let color = color_of(&status);
                (status, color)
            }
        };
        Self::new("QWED", &message, color)
    }

    /// Of an attestation that the ledger does not hold.
    pub(super) fn unknown() -> Self {
        Self::new("QWED", "unknown", GREY)
    }

    /// Of a status, by its name.
    pub(super) fn status(status: &str) -> Self {
        let status = status.to_lowercase();
        Self::new("QWED", &status, color_of(&status))
    }

    /// Of an engine.
    pub(super) fn engine(engine: &str) -> Self {
        Self::new("QWED engine", engine, BLUE)
    }

    /// As the caller wants it. A colour is a name that is known or hex digits; anything else is grey.
    pub(super) fn custom(label: &str, message: &str, color: &str, logo: &str) -> Self {
        let hex = matches!(color.len(), 3 | 6) && color.bytes().all(|b| b.is_ascii_hexdigit());
        let color = match color {
            "green" | "brightgreen" | "success" => GREEN.to_owned(),
            "red" | "critical" => RED.to_owned(),
            "orange" => ORANGE.to_owned(),
            "yellow" => YELLOW.to_owned(),
            "blue" | "informational" => BLUE.to_owned(),
            _ if hex => format!("#{color}"),
            _ => GREY.to_owned(),
        };
        let label = match logo {
            "" => label.to_owned(),
            logo => format!("{} {label}", logo.chars().take(16).collect::<String>()),
        };
        Self::new(&label, message, &color)
    }

    fn svg(&self) -> String {
        let width = |text: &str| 12 + 7 * text.chars().count();
        let (left, right) = (width(&self.label), width(&self.message));
        let (label, message) = (escaped(&self.label), escaped(&self.message));
        let (whole, middle, end, color) = (left + right, left / 2, left + right / 2, &self.color);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{whole}\" height=\"20\" role=\"img\" \
             aria-label=\"{label}: {message}\">\
             <title>{label}: {message}</title>\
             <rect width=\"{left}\" height=\"20\" fill=\"#424242\"/>\
             <rect x=\"{left}\" width=\"{right}\" height=\"20\" fill=\"{color}\"/>\
             <g fill=\"#fff\" text-anchor=\"middle\" font-family=\"Verdana,Geneva,sans-serif\" font-size=\"11\">\
             <text x=\"{middle}\" y=\"14\">{label}</text><text x=\"{end}\" y=\"14\">{message}</text></g></svg>"
        )
    }

    /// The picture, as it is now.
    pub(super) fn answer(&self, status: StatusCode, keep: Keep) -> Response {
        let mut response = respond::of(status, "image/svg+xml", keep, self.svg().into_bytes());
        // Opened by itself it loads nothing and runs nothing.
        let policy = HeaderValue::from_static("default-src 'none'; sandbox");
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
        response
    }
}

fn color_of(status: &str) -> &'static str {
    match status {
        "verified" | "valid" | "issued" => GREEN,
        "failed" | "blocked" | "revoked" | "invalid" => RED,
        "expired" => ORANGE,
        "corrected" | "pending" => YELLOW,
        _ => GREY,
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().filter(|c| !c.is_control()) {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_markup_comes_in_from_outside() {
        let hostile = "\"><script>alert(1)</script>";
        let svg = Badge::custom(hostile, hostile, "red\" onload=\"x", hostile).svg();
        assert!(!svg.contains("<script") && !svg.contains("onload=\""), "{svg}");
        assert!(svg.contains(GREY), "{svg}");
        let long = Badge::status(&"x".repeat(1_000));
        assert!(long.svg().len() < 1_000);
    }

    #[test]
    fn colours_are_of_what_is_true() {
        for (status, color) in
            [("VERIFIED", GREEN), ("failed", RED), ("expired", ORANGE), ("corrected", YELLOW), ("?", GREY)]
        {
            assert!(Badge::status(status).svg().contains(color), "{status}");
        }
        assert!(Badge::custom("a", "b", "ff00aa", "").svg().contains("#ff00aa"));
        assert!(Badge::unknown().svg().contains(GREY));
    }
}
