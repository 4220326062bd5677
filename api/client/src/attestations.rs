//! Attestations that are tokens: had only by who looks whether there is one.
//!
//! What a node answers is an [`Attested`], out of which a token comes by [`Attested::issued`] and in no other way. An
//! answer that contradicts itself is not issued.

use std::time::Duration;

use model::qwed::{AttestationResult, AttestationStatus, IssueParams, VerifyTokenAnswer, VerifyTokenParams};
use reqwest::Method;

use crate::error::ClientError;
use crate::http::{Client, json, problem, read};

/// How long a node may take: it waits for the ledger.
const PATIENCE: Duration = Duration::from_secs(30);

/// What became of a request for an attestation.
#[must_use = "what was asked to be attested to is proven only by what `issued` gives"]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attested(Result<Issued, NotIssued>);

/// An attestation that was issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    token: String,
    /// Its name, the token's `jti`.
    pub id: String,
    /// The hash of what proves it.
    pub proof_ref: String,
    /// From when it no longer holds, in seconds since 1970.
    pub expires_at: u64,
}

/// Why there is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no attestation was issued ({code}): {why}")]
pub struct NotIssued {
    /// Whether the node would not, or cannot.
    pub status: AttestationStatus,
    /// Why, for programs.
    pub code: String,
    /// Why, for people.
    pub why: String,
}

impl Issued {
    /// The token.
    pub fn token(&self) -> &str {
        &self.token
    }
}

impl Attested {
    /// The attestation, if there is one.
    ///
    /// # Errors
    /// `NotIssued`: then nothing of what was asked is to be taken for verified.
    pub fn issued(self) -> Result<Issued, NotIssued> {
        self.0
    }
}

impl From<AttestationResult> for Attested {
    fn from(result: AttestationResult) -> Self {
        let AttestationResult {
            status, token, error_code, error, is_issued, jti, expires_at, proof_ref, ..
        } = result;
        let whole = is_issued && status == AttestationStatus::Issued && error_code.is_none();
        Self(match (token, jti, proof_ref, expires_at) {
            (Some(token), Some(id), Some(proof_ref), Some(expires_at)) if whole => {
                Ok(Issued { token, id, proof_ref, expires_at })
            }
            _ => Err(NotIssued {
                status: if status == AttestationStatus::Issued { AttestationStatus::Blocked } else { status },
                code: error_code.unwrap_or_else(|| "CONTRADICTION".to_owned()),
                why: error
                    .unwrap_or_else(|| "the answer says that it was issued, and is not whole".to_owned()),
            }),
        })
    }
}

impl Client {
    /// Has an attestation issued. Asked again, the same request gives the same attestation while it holds.
    ///
    /// # Errors
    /// As every question; that none was issued is no error but an answer.
    pub async fn attest(&self, params: &IssueParams) -> Result<Attested, ClientError> {
        let request = json(self.request(Method::POST, "v1/attestations")?, params)?.timeout(PATIENCE);
        let (status, bytes) = self.exchange(request).await?;
        match read::<AttestationResult>(&bytes) {
            Ok(result) => Ok(result.into()),
            Err(_) => Err(problem(status, &bytes)),
        }
    }

    /// Whether a token is to be believed, in the eyes of this node.
    ///
    /// # Errors
    /// As every question.
    pub async fn verify_token(&self, params: &VerifyTokenParams) -> Result<VerifyTokenAnswer, ClientError> {
        let request = json(self.request(Method::POST, "v1/attestations/verify")?, params)?.timeout(PATIENCE);
        read(&self.send(request).await?)
    }

    /// Whether a token is to be believed and of one of these issuers.
    ///
    /// # Errors
    /// As every question.
    pub async fn verify_attestation(&self, jwt: &str, trusted_issuers: &[&str]) -> Result<bool, ClientError> {
        let trusted = trusted_issuers.iter().map(|&did| did.to_owned()).collect();
        let params = VerifyTokenParams {
            token: Some(jwt.to_owned()),
            trusted_issuers: Some(trusted),
            ..VerifyTokenParams::default()
        };
        Ok(self.verify_token(&params).await?.valid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issued() -> AttestationResult {
        AttestationResult {
            status: AttestationStatus::Issued,
            token: Some("a.b.c".to_owned()),
            error_code: None,
            error: None,
            is_issued: true,
            jti: Some("att_1".to_owned()),
            kid: None,
            expires_at: Some(1),
            proof_ref: Some("sha256:ab".to_owned()),
            anchor: None,
            existing: false,
        }
    }

    #[test]
    fn an_answer_that_contradicts_itself_is_not_issued() {
        assert_eq!(Attested::from(issued()).issued().map(|it| it.token().to_owned()), Ok("a.b.c".to_owned()));
        let spoilt = [
            AttestationResult { is_issued: false, ..issued() },
            AttestationResult { token: None, ..issued() },
            AttestationResult { status: AttestationStatus::Blocked, ..issued() },
            AttestationResult { error_code: Some("SIGNING_FAILURE".to_owned()), ..issued() },
        ];
        for result in spoilt {
            let refused = Attested::from(result.clone()).issued().expect_err("not issued");
            assert_ne!(refused.status, AttestationStatus::Issued, "{result:?}");
        }
    }
}
