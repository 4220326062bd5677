//! Artifacts: bytes that a node keeps beside the log.

use std::time::Duration;

use model::artifact::ArtifactAnswer;
use model::retention::{ArtifactsAnswer, RetentionPolicy, RetentionReport, TenantParams};
use proto::id::SubmissionId;
use reqwest::Method;

use crate::error::ClientError;
use crate::http::{ANSWER_BYTES_MAX, Client, read};

/// How long the bytes of an artifact may be under way, and how many more may be for each second beyond it.
const PATIENCE: Duration = Duration::from_secs(60);
const BYTES_PER_SECOND_MIN: u64 = 64 << 10;

impl Client {
    /// What the ledger says of an artifact, and whether the node has its bytes.
    ///
    /// # Errors
    /// As every question; `NotFound` when no artifact was committed by that submission.
    pub async fn artifact(&self, id: &SubmissionId) -> Result<ArtifactAnswer, ClientError> {
        self.ask(&format!("v1/artifacts/{id}")).await
    }

    /// A tenant's artifacts, the newest first, a page at a time.
    ///
    /// # Errors
    /// As every question.
    pub async fn artifacts(&self, params: &TenantParams) -> Result<ArtifactsAnswer, ClientError> {
        self.ask_with("v1/artifacts", params).await
    }

    /// How a tenant's artifacts are kept by the node, unless their author says otherwise.
    ///
    /// # Errors
    /// As every question.
    pub async fn retention(&self, tenant: Option<&str>) -> Result<RetentionPolicy, ClientError> {
        let params = TenantParams { tenant: tenant.map(str::to_owned), ..TenantParams::default() };
        self.ask_with("v1/retention", &params).await
    }

    /// What a tenant has had kept and what became of it, under one certified head; a page of the tombstones at a time.
    ///
    /// # Errors
    /// As every question; `Refused` for another tenant's.
    pub async fn retention_report(&self, params: &TenantParams) -> Result<RetentionReport, ClientError> {
        self.ask_with("v1/retention/report", params).await
    }

    /// The bytes of an artifact, behind their salt if it is salted. That they are the committed ones is not checked.
    ///
    /// # Errors
    /// As every question; `Refused` when it was erased.
    pub async fn artifact_bytes(&self, id: &SubmissionId) -> Result<Vec<u8>, ClientError> {
        let request = self.request(Method::GET, &format!("v1/artifacts/{id}/bytes"))?;
        self.send(request.timeout(patience(ANSWER_BYTES_MAX))).await
    }

    /// Gives the node the bytes of an artifact.
    ///
    /// # Errors
    /// As every question; `Refused` when they are not the committed ones, or it was erased.
    pub async fn give_artifact(
        &self,
        id: &SubmissionId,
        bytes: Vec<u8>,
    ) -> Result<ArtifactAnswer, ClientError> {
        let request = self.request(Method::POST, &format!("v1/artifacts/{id}/bytes"))?;
        let request = request.timeout(patience(bytes.len()));
        let request = request.header("content-type", "application/octet-stream").body(bytes);
        read(&self.send(request).await?)
    }
}

/// How long so many bytes may be on their way.
fn patience(bytes: usize) -> Duration {
    PATIENCE + Duration::from_secs(bytes as u64 / BYTES_PER_SECOND_MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_line_has_time_for_a_large_artifact() {
        assert_eq!(patience(0), PATIENCE);
        assert_eq!(patience(64 << 20), PATIENCE + Duration::from_secs(1024));
    }
}
