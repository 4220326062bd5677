//! Quality-on-demand proofs: asking in the words of their own service, whoever runs it.
//!
//! Answers are given as they came, with their status: their floats are text that is hashed, and their refusals are not
//! problems of ours.

use std::time::Duration;

use proto::session::SessionId;
use reqwest::Method;

use crate::error::ClientError;
use crate::http::Client;

/// How long an answer may take: a finalization waits until it is committed.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was answered, whatever it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The status of HTTP.
    pub status: u16,
    /// The body.
    pub body: String,
}

impl Client {
    /// A proof with all that checking it takes but keys.
    ///
    /// # Errors
    /// Why no whole answer came.
    pub async fn session_bundle(&self, session: &SessionId) -> Result<Answered, ClientError> {
        self.session(Method::GET, &format!("proof/{session}/bundle")).await
    }

    /// The proof of a session, made now if it was not before.
    ///
    /// # Errors
    /// Why no whole answer came; asking again finds the same proof.
    pub async fn finalize_session(&self, session: &SessionId) -> Result<Answered, ClientError> {
        self.session(Method::POST, &format!("proof/{session}/finalize")).await
    }

    /// A file beside a proof: `artifact.json` or `artifact_v1.json`.
    ///
    /// # Errors
    /// Why no whole answer came.
    pub async fn session_file(&self, session: &SessionId, file: &str) -> Result<Answered, ClientError> {
        self.session(Method::GET, &format!("artifacts/{session}/{file}")).await
    }

    async fn session(&self, method: Method, path: &str) -> Result<Answered, ClientError> {
        let (status, bytes) = self.exchange(self.request(method, path)?.timeout(PATIENCE)).await?;
        let body =
            String::from_utf8(bytes).map_err(|fault| ClientError::Unreadable { fault: fault.to_string() })?;
        Ok(Answered { status: status.as_u16(), body })
    }
}
