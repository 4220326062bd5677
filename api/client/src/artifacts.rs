//! Artifacts: bytes that a node keeps beside the log.

use std::time::Duration;

use model::artifact::ArtifactAnswer;
use proto::id::SubmissionId;
use reqwest::Method;

use crate::error::ClientError;
use crate::http::{Client, read};

/// How long the bytes of an artifact may be under way.
const PATIENCE: Duration = Duration::from_secs(60);

impl Client {
    /// What the ledger says of an artifact, and whether the node has its bytes.
    ///
    /// # Errors
    /// As every question; `NotFound` when no artifact was committed by that submission.
    pub async fn artifact(&self, id: &SubmissionId) -> Result<ArtifactAnswer, ClientError> {
        self.ask(&format!("v1/artifacts/{id}")).await
    }

    /// The bytes of an artifact, behind their salt if it is salted. That they are the committed ones is not checked.
    ///
    /// # Errors
    /// As every question; `Refused` when it was erased.
    pub async fn artifact_bytes(&self, id: &SubmissionId) -> Result<Vec<u8>, ClientError> {
        let request = self.request(Method::GET, &format!("v1/artifacts/{id}/bytes"))?.timeout(PATIENCE);
        self.send(request).await
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
        let request = self.request(Method::POST, &format!("v1/artifacts/{id}/bytes"))?.timeout(PATIENCE);
        let request = request.header("content-type", "application/octet-stream").body(bytes);
        read(&self.send(request).await?)
    }
}
