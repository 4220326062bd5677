//! Asking time-stamping authorities and calendars. What they answer is believed by nobody yet.
//!
//! Source: RFC 3161 §3.4 for the one; the calendar protocol of OpenTimestamps for the other.

use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{RequestBuilder, StatusCode, Url};

use crate::error::ClientError;
use crate::http::{parts, reasons, whole};
use crate::tls::Roots;

/// Longest answer that is read, in bytes: a token with its certificates, or a proof.
pub const ANSWER_BYTES_MAX: usize = 64 << 10;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// The type of a request for a time-stamp, and of its answer.
const QUERY: &str = "application/timestamp-query";
const REPLY: &str = "application/timestamp-reply";
/// The type of what a calendar answers.
const PROOF: &str = "application/vnd.opentimestamps.v1";

/// A time-stamping authority, or a calendar.
#[derive(Clone, Debug)]
pub struct AnchorClient {
    http: reqwest::Client,
    /// As it was configured: an authority's address is taken letter by letter.
    url: Url,
    /// The same with a slash behind it, for the paths of a calendar.
    base: Url,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 200: these bytes.
    Given(Vec<u8>),
    /// 404: a calendar has nothing yet.
    NotYet,
    /// Anything else.
    Refused {
        /// The HTTP status.
        status: u16,
    },
}

impl AnchorClient {
    /// Whoever answers at `url`; one behind HTTPS is believed by `roots`.
    ///
    /// # Errors
    /// `Address` unless it is an HTTP or HTTPS address.
    pub fn new(url: &str, roots: &Roots) -> Result<Self, ClientError> {
        let (http, base) = parts(url, roots)?;
        let fault = |error: <Url as std::str::FromStr>::Err| ClientError::Address {
            url: url.to_owned(),
            fault: error.to_string(),
        };
        let url = Url::parse(url).map_err(fault)?;
        Ok(Self { http, url, base })
    }

    /// Sends a `TimeStampReq`; what is given is a `TimeStampResp`.
    ///
    /// # Errors
    /// `CannotConnect`, `Interrupted`, or `Unreadable` for an answer that is too long or of another type.
    pub async fn timestamp(&self, request: Vec<u8>) -> Result<Answer, ClientError> {
        let asked = self.http.post(self.url.clone()).header(CONTENT_TYPE, QUERY).header(ACCEPT, REPLY);
        self.send(asked.body(request), Some(REPLY)).await
    }

    /// Sends a digest; what is given is what the calendar promises of it.
    ///
    /// # Errors
    /// `CannotConnect`, `Interrupted`, or `Unreadable` for an answer that is too long.
    pub async fn digest(&self, digest: &[u8]) -> Result<Answer, ClientError> {
        let asked = self.http.post(self.join("digest")?).header(ACCEPT, PROOF);
        self.send(asked.body(digest.to_vec()), None).await
    }

    /// Asks what became of a promise; `commitment` is in lower-case hex.
    ///
    /// # Errors
    /// As `digest`.
    pub async fn upgrade(&self, commitment: &str) -> Result<Answer, ClientError> {
        let asked = self.http.get(self.join(&format!("timestamp/{commitment}"))?).header(ACCEPT, PROOF);
        self.send(asked, None).await
    }

    fn join(&self, path: &str) -> Result<Url, ClientError> {
        self.base.join(path).map_err(|fault| ClientError::Address {
            url: format!("{}{path}", self.base),
            fault: fault.to_string(),
        })
    }

    async fn send(&self, request: RequestBuilder, kind: Option<&str>) -> Result<Answer, ClientError> {
        let response = request.timeout(PATIENCE).send().await.map_err(|fault| match fault.is_connect() {
            true => ClientError::CannotConnect { url: self.url.to_string(), fault: reasons(&fault) },
            false => ClientError::Interrupted { fault: reasons(&fault) },
        })?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(Answer::NotYet),
            other => return Ok(Answer::Refused { status: other.as_u16() }),
        }
        let found = response.headers().get(CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or("");
        let found = found.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
        if let Some(kind) = kind.filter(|kind| *kind != found) {
            let shown: String = found.chars().take(80).collect();
            return Err(ClientError::Unreadable {
                fault: format!("it is {shown:?}, {kind:?} was asked for"),
            });
        }
        whole(response, ANSWER_BYTES_MAX).await.map(Answer::Given)
    }
}
