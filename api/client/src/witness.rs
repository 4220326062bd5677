//! Asking a witness to cosign: C2SP tlog-witness, the client's side. What it answers is believed by nobody yet.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{StatusCode, Url};

use crate::error::ClientError;
use crate::http::{parts, reasons, whole};
use crate::tls::Roots;

/// Longest answer that is read, in bytes: some cosignatures, or a problem.
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The type of an answer that is one size.
const SIZE: &str = "text/x.tlog.size";
/// How much of a refusal is told, in characters.
const DETAIL_MAX: usize = 200;

/// A witness, by its submission prefix.
#[derive(Clone, Debug)]
pub struct WitnessClient {
    http: reqwest::Client,
    base: Url,
}

/// What a witness answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 200: signature lines.
    Cosigned(String),
    /// 409: the size it has, and a newline.
    Conflict(String),
    /// Anything else.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The beginning of what it said.
        detail: String,
    },
}

impl WitnessClient {
    /// The witness whose submission prefix is `url`; one behind HTTPS is believed by `roots`.
    ///
    /// # Errors
    /// `Address` unless it is an HTTP or HTTPS address.
    pub fn new(url: &str, roots: &Roots) -> Result<Self, ClientError> {
        let (http, base) = parts(url, roots)?;
        Ok(Self { http, base })
    }

    /// Asks for a cosignature; `body` is old size, proof and checkpoint.
    ///
    /// # Errors
    /// `CannotConnect`, `Interrupted`, or `Unreadable` for an answer that is too long or no text.
    pub async fn add_checkpoint(&self, body: String) -> Result<Answer, ClientError> {
        let path = "add-checkpoint";
        let url = self.base.join(path).map_err(|fault| ClientError::Address {
            url: format!("{}{path}", self.base),
            fault: fault.to_string(),
        })?;
        let request = self.http.post(url).timeout(PATIENCE).body(body);
        let response = request.send().await.map_err(|fault| match fault.is_connect() {
            true => ClientError::CannotConnect { url: self.base.to_string(), fault: reasons(&fault) },
            false => ClientError::Interrupted { fault: reasons(&fault) },
        })?;
        let status = response.status();
        let is_size =
            response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes) == Some(SIZE.as_bytes());
        let bytes = whole(response, ANSWER_BYTES_MAX).await?;
        let text =
            String::from_utf8(bytes).map_err(|fault| ClientError::Unreadable { fault: fault.to_string() })?;
        Ok(match status {
            StatusCode::OK => Answer::Cosigned(text),
            StatusCode::CONFLICT if is_size => Answer::Conflict(text),
            _ => {
                let shown = text.chars().map(|c| if c.is_control() { ' ' } else { c });
                Answer::Refused { status: status.as_u16(), detail: shown.take(DETAIL_MAX).collect() }
            }
        })
    }
}
