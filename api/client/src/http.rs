//! Asking a node over HTTP. What it says is read strictly, and believed by nobody yet.

use std::time::Duration;

use model::anchor::{AnchoredCheckpoint, AnchorsAnswer};
use model::audit::{AuditAnswer, AuditParams};
use model::chain::{BlockAnswer, CheckpointAnswer, ValidatorsAnswer};
use model::entry::{EntryAnswer, SubmitParams, TIMEOUT_MS_MAX, Ticket, Wait};
use model::error::Problem;
use model::jwks::Jwks;
use model::receipt::{
    ConsistencyAnswer, ReceiptAlgorithm, ReceiptFormat, VerifyAnswer, VerifyBatchAnswer, VerifyBatchParams,
    VerifyParams,
};
use model::scalar::{Bytes, Hash, Position, Uint};
use model::search::{SearchAnswer, SearchParams};
use model::status::StatusAnswer;
use model::strict;
use model::trust::TrustAnswer;
use model::witness::WitnessAnswer;
use proto::counter::{LeafIndex, TreeSize};
use proto::id::SubmissionId;
use proto::receipt::Receipt;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::ClientError;
use crate::tls::Roots;

/// Longest answer that is read, in bytes: the largest is the bytes of an artifact.
pub(crate) const ANSWER_BYTES_MAX: usize = 64 << 20;
/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an answer may take beyond what the node was asked to wait.
const PATIENCE: Duration = Duration::from_secs(15);

/// An entry by one of its two names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryName {
    /// Its submission's id.
    Id(SubmissionId),
    /// Its place in the log.
    Index(LeafIndex),
}

impl EntryName {
    fn path(self) -> String {
        match self {
            Self::Id(id) => format!("v1/entries/{id}"),
            Self::Index(index) => format!("v1/entries/{index}"),
        }
    }
}

/// A node's address, and how to ask it.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    token: Option<String>,
}

impl Client {
    /// A client of the node at `url`, such as `http://127.0.0.1:7070`.
    ///
    /// # Errors
    /// `Address` unless it is an HTTP or HTTPS address.
    pub fn new(url: &str) -> Result<Self, ClientError> {
        let (http, base) = parts(url, &Roots::System)?;
        Ok(Self { http, base, token: None })
    }

    /// The same client with a bearer token, for nodes that sign for their callers.
    #[must_use]
    pub fn with_token(self, token: String) -> Self {
        Self { token: Some(token), ..self }
    }

    /// Submits a signed envelope and waits up to `timeout` until it has come as far as `wait`. That it has not is no
    /// error: the ticket says how far it has come.
    ///
    /// # Errors
    /// `OutcomeUnknown` when the envelope was sent and no ticket came; else why it was not taken.
    pub async fn submit(
        &self,
        envelope: &[u8],
        wait: Wait,
        timeout: Duration,
    ) -> Result<Ticket, ClientError> {
        let id = SubmissionId::new(crypto::sha256(envelope));
        let params = SubmitParams { envelope: Some(Bytes(envelope.to_vec())), ..SubmitParams::default() };
        let unknown = |fault: String| ClientError::OutcomeUnknown { id, fault };
        let ticket = self.submit_params(params, wait, timeout).await.map_err(|error| match error {
            ClientError::Interrupted { fault } | ClientError::Unreadable { fault } => unknown(fault),
            ClientError::Failed(problem) => unknown(problem.detail.clone()),
            ClientError::Address { .. }
            | ClientError::CannotConnect { .. }
            | ClientError::OutcomeUnknown { .. }
            | ClientError::NotFound(_)
            | ClientError::Refused(_) => error,
        })?;
        match ticket.id == Hash::from(id) {
            true => Ok(ticket),
            false => Err(unknown(format!("the node speaks of submission {}", ticket.id))),
        }
    }

    /// Submits what `params` say, plain or signed, and waits as [`Client::submit`] does.
    ///
    /// # Errors
    /// `Interrupted`, `Failed` and `Unreadable` leave open whether it was taken.
    pub async fn submit_params(
        &self,
        params: SubmitParams,
        wait: Wait,
        timeout: Duration,
    ) -> Result<Ticket, ClientError> {
        let timeout_ms = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX).min(TIMEOUT_MS_MAX);
        let params = SubmitParams { wait, timeout_ms: Some(Uint(timeout_ms)), ..params };
        let request = json(self.request(Method::POST, "v1/entries")?, &params)?;
        let request = request.timeout(PATIENCE + Duration::from_millis(timeout_ms));
        read(&self.send(request).await?)
    }

    /// What became of a submission, or what a leaf says.
    ///
    /// # Errors
    /// As every question.
    pub async fn get(&self, name: EntryName) -> Result<EntryAnswer, ClientError> {
        self.ask(&name.path()).await
    }

    /// A receipt, under the checkpoint of size `at` or the smallest that covers the entry. It is not verified.
    ///
    /// # Errors
    /// As every question.
    pub async fn receipt(&self, name: EntryName, at: Option<TreeSize>) -> Result<Receipt, ClientError> {
        let text = self.text(&receipt_path(name, "json", at)).await?;
        Receipt::from_json(&text).map_err(|fault| ClientError::Unreadable { fault: fault.to_string() })
    }

    /// A receipt under the newest checkpoint that so many outside witnesses have cosigned. It is not verified.
    ///
    /// # Errors
    /// As every question.
    pub async fn receipt_witnessed(&self, name: EntryName, witnesses: u64) -> Result<Receipt, ClientError> {
        let text = self.text(&format!("{}/receipt?witnessed={witnesses}", name.path())).await?;
        Receipt::from_json(&text).map_err(|fault| ClientError::Unreadable { fault: fault.to_string() })
    }

    /// The newest checkpoint, as signed note; with `witnesses`, the newest that so many outside have cosigned. It is
    /// not verified.
    ///
    /// # Errors
    /// As every question.
    pub async fn checkpoint_note(&self, witnesses: Option<u64>) -> Result<String, ClientError> {
        let query = witnesses.map_or_else(String::new, |count| format!("?witnessed={count}"));
        self.text(&format!("checkpoint{query}")).await
    }

    /// Who anchors the log outside, and how the newest anchors stand. Nothing of it is verified.
    ///
    /// # Errors
    /// As every question.
    pub async fn anchors(&self) -> Result<AnchorsAnswer, ClientError> {
        self.ask("v1/anchors").await
    }

    /// The anchors of the checkpoint of this size, with their evidence. Nothing of it is verified.
    ///
    /// # Errors
    /// As every question.
    pub async fn anchored(&self, size: TreeSize) -> Result<AnchoredCheckpoint, ClientError> {
        self.ask(&format!("v1/anchors/{size}")).await
    }

    /// How the node stands as a witness, and with its witnesses.
    ///
    /// # Errors
    /// As every question.
    pub async fn witness(&self) -> Result<WitnessAnswer, ClientError> {
        self.ask("v1/witness").await
    }

    /// A receipt as C2SP tlog-proof. It is not verified.
    ///
    /// # Errors
    /// As every question.
    pub async fn receipt_tlog(&self, name: EntryName, at: Option<TreeSize>) -> Result<String, ClientError> {
        self.text(&receipt_path(name, "tlog-proof", at)).await
    }

    /// A receipt in any dialect, as the node spells it, under the checkpoint `at` or the smallest that covers the entry;
    /// `algorithm` is for COSE alone. It is not verified.
    ///
    /// # Errors
    /// As every question.
    pub async fn receipt_in(
        &self,
        name: EntryName,
        at: Option<Position>,
        format: ReceiptFormat,
        algorithm: Option<ReceiptAlgorithm>,
    ) -> Result<Vec<u8>, ClientError> {
        let size = at.map_or_else(String::new, |size| format!("&size={size}"));
        let alg = match algorithm {
            None => "",
            Some(ReceiptAlgorithm::EdDsa) => "&alg=eddsa",
            Some(ReceiptAlgorithm::Ed25519) => "&alg=ed25519",
            Some(ReceiptAlgorithm::MlDsa65) => "&alg=ml-dsa-65",
        };
        let format = match format {
            ReceiptFormat::Json => "json",
            ReceiptFormat::TlogProof => "tlog-proof",
            ReceiptFormat::Cose => "cose",
            ReceiptFormat::Bundle => "bundle",
        };
        let path = format!("{}/receipt?format={format}{size}{alg}", name.path());
        self.send(self.request(Method::GET, &path)?.timeout(PATIENCE)).await
    }

    /// What the node makes of many receipts, each as the value that stands in a question: a convenience.
    ///
    /// # Errors
    /// As every question.
    pub async fn verify_batch(&self, items: Vec<VerifyParams>) -> Result<VerifyBatchAnswer, ClientError> {
        let request = json(self.request(Method::POST, "v1/verify:batch")?, &VerifyBatchParams { items })?;
        read(&self.send(request.timeout(PATIENCE)).await?)
    }

    /// What the node makes of a receipt: a convenience.
    ///
    /// # Errors
    /// As every question.
    pub async fn verify(&self, receipt: &Receipt) -> Result<VerifyAnswer, ClientError> {
        let value = serde_json::from_str(&receipt.to_json())
            .map_err(|fault| ClientError::Unreadable { fault: fault.to_string() })?;
        let params = VerifyParams { receipt: value, artifact: None };
        let request = json(self.request(Method::POST, "v1/verify")?, &params)?;
        read(&self.send(request.timeout(PATIENCE)).await?)
    }

    /// A checkpoint. It is not verified.
    ///
    /// # Errors
    /// As every question.
    pub async fn checkpoint(&self, size: Position) -> Result<CheckpointAnswer, ClientError> {
        self.ask(&format!("v1/checkpoints/{size}")).await
    }

    /// A consistency proof. It is not verified.
    ///
    /// # Errors
    /// As every question.
    pub async fn consistency(&self, from: TreeSize, to: TreeSize) -> Result<ConsistencyAnswer, ClientError> {
        self.ask(&format!("v1/consistency?from={from}&to={to}")).await
    }

    /// The entries of a key, in one part of the log. It is not verified.
    ///
    /// # Errors
    /// As every question.
    pub async fn search(&self, params: &SearchParams) -> Result<SearchAnswer, ClientError> {
        let query = self.query(params)?;
        self.ask(&format!("v1/search?{query}")).await
    }

    /// A page of the audit log; needs a token.
    ///
    /// # Errors
    /// As every question.
    pub async fn audit(&self, params: &AuditParams) -> Result<AuditAnswer, ClientError> {
        let query = self.query(params)?;
        self.ask(&format!("v1/audit?{query}")).await
    }

    /// Members of a shape as they stand behind a question mark.
    fn query(&self, params: &impl Serialize) -> Result<String, ClientError> {
        let unreadable = |fault: serde_json::Error| ClientError::Unreadable { fault: fault.to_string() };
        let members = serde_json::to_value(params).map_err(unreadable)?;
        let mut url = self.base.clone();
        for (name, value) in members.as_object().into_iter().flatten() {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            url.query_pairs_mut().append_pair(name, &text);
        }
        Ok(url.query().unwrap_or_default().to_owned())
    }

    /// A committed block.
    ///
    /// # Errors
    /// As every question.
    pub async fn block(&self, height: Position) -> Result<BlockAnswer, ClientError> {
        self.ask(&format!("v1/blocks/{height}")).await
    }

    /// The validators of an epoch; without one, of the present epoch.
    ///
    /// # Errors
    /// As every question.
    pub async fn validators(&self, epoch: Option<Uint>) -> Result<ValidatorsAnswer, ClientError> {
        match epoch {
            Some(epoch) => self.ask(&format!("v1/validators?epoch={epoch}")).await,
            None => self.ask("v1/validators").await,
        }
    }

    /// The chain of trust, all of it. It is not verified.
    ///
    /// # Errors
    /// As every question; `Unreadable` when its parts do not follow one another.
    pub async fn trust(&self) -> Result<TrustAnswer, ClientError> {
        let mut chain: TrustAnswer = self.ask("v1/trust").await?;
        while chain.more {
            let next = chain.handovers.last().map_or(1, |link| link.epoch.0.saturating_add(1));
            let part: TrustAnswer = self.ask(&format!("v1/trust?from={next}")).await?;
            // A node that has said that there is more and gives nothing would be asked for ever.
            if part.handovers.is_empty() || part.network != chain.network {
                let fault = format!("the chain of trust ends before epoch {next}, though more was promised");
                return Err(ClientError::Unreadable { fault });
            }
            chain.handovers.extend(part.handovers);
            chain.more = part.more;
        }
        Ok(chain)
    }

    /// What the node says of itself.
    ///
    /// # Errors
    /// As every question.
    pub async fn status(&self) -> Result<StatusAnswer, ClientError> {
        self.ask("v1/status").await
    }

    /// The network's policy, as the node tells it: a first look, no root of trust.
    ///
    /// # Errors
    /// As every question.
    pub async fn policy(&self) -> Result<String, ClientError> {
        self.text("v1/policy").await
    }

    /// The network's public keys, as the node tells them.
    ///
    /// # Errors
    /// As every question.
    pub async fn jwks(&self) -> Result<Jwks, ClientError> {
        self.ask(".well-known/jwks.json").await
    }

    /// The node's metrics as text, if this is where it tells them: an address of its own.
    ///
    /// # Errors
    /// As every question.
    pub async fn metrics(&self) -> Result<String, ClientError> {
        self.text("metrics").await
    }

    pub(crate) async fn ask<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        read(&self.send(self.request(Method::GET, path)?.timeout(PATIENCE)).await?)
    }

    /// Asks with what stands after the question mark.
    pub(crate) async fn ask_with<T: DeserializeOwned>(
        &self,
        path: &str,
        params: &impl Serialize,
    ) -> Result<T, ClientError> {
        let query = self.query(params)?;
        self.ask(&format!("{path}?{query}")).await
    }

    async fn text(&self, path: &str) -> Result<String, ClientError> {
        let bytes = self.send(self.request(Method::GET, path)?.timeout(PATIENCE)).await?;
        String::from_utf8(bytes).map_err(|fault| ClientError::Unreadable { fault: fault.to_string() })
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> Result<RequestBuilder, ClientError> {
        let url = self.base.join(path).map_err(|fault| ClientError::Address {
            url: format!("{}{path}", self.base),
            fault: fault.to_string(),
        })?;
        let request = self.http.request(method, url);
        Ok(match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        })
    }

    /// Opens an answer that goes on, without limit of time.
    pub(crate) async fn open(&self, path: &str) -> Result<Response, ClientError> {
        self.begin(self.request(Method::GET, path)?).await
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Vec<u8>, ClientError> {
        whole(self.begin(request).await?, ANSWER_BYTES_MAX).await
    }

    /// Sends a request and reads the whole answer, whatever its status.
    pub(crate) async fn exchange(
        &self,
        request: RequestBuilder,
    ) -> Result<(StatusCode, Vec<u8>), ClientError> {
        let response = self.reach(request).await?;
        let status = response.status();
        Ok((status, whole(response, ANSWER_BYTES_MAX).await?))
    }

    async fn reach(&self, request: RequestBuilder) -> Result<Response, ClientError> {
        request.send().await.map_err(|fault| match fault.is_connect() {
            true => ClientError::CannotConnect { url: self.base.to_string(), fault: reasons(&fault) },
            false => ClientError::Interrupted { fault: reasons(&fault) },
        })
    }

    /// Sends a request; gives the beginning of the answer, or the problem in its place.
    async fn begin(&self, request: RequestBuilder) -> Result<Response, ClientError> {
        let response = self.reach(request).await?;
        let status = response.status();
        match status.is_success() {
            true => Ok(response),
            false => Err(problem(status, &whole(response, ANSWER_BYTES_MAX).await?)),
        }
    }
}

/// A request with a body of JSON.
pub(crate) fn json(request: RequestBuilder, value: &impl Serialize) -> Result<RequestBuilder, ClientError> {
    let bytes =
        serde_json::to_vec(value).map_err(|fault| ClientError::Unreadable { fault: fault.to_string() })?;
    Ok(request.header(CONTENT_TYPE, "application/json").body(bytes))
}

/// What asks, and where: the same for nodes, witnesses and anchors.
pub(crate) fn parts(url: &str, roots: &Roots) -> Result<(reqwest::Client, Url), ClientError> {
    let fault = |fault: String| ClientError::Address { url: url.to_owned(), fault };
    let slashed = if url.ends_with('/') { url.to_owned() } else { format!("{url}/") };
    let base = Url::parse(&slashed).map_err(|error| fault(error.to_string()))?;
    let builder =
        reqwest::Client::builder().connect_timeout(CONNECT).redirect(reqwest::redirect::Policy::none());
    let mut builder = match (base.scheme(), roots) {
        // Without TLS no certificate is needed, and a machine that has none is no obstacle.
        ("http", _) => builder.tls_certs_only([]),
        ("https", Roots::System) => builder,
        ("https", Roots::Only(certificates)) => builder.tls_certs_only(certificates.iter().cloned()),
        (other, _) => return Err(fault(format!("{other}:// is not spoken here, http:// and https:// are"))),
    };
    if matches!(base.host_str(), Some("127.0.0.1" | "localhost" | "[::1]")) {
        // A proxy elsewhere would take this machine's loopback for its own.
        builder = builder.no_proxy();
    }
    let http = builder.build().map_err(|error| fault(reasons(&error)))?;
    Ok((http, base))
}

fn receipt_path(name: EntryName, format: &str, at: Option<TreeSize>) -> String {
    let size = at.map_or_else(String::new, |size| format!("&size={size}"));
    format!("{}/receipt?format={format}{size}", name.path())
}

/// All of an answer, of at most so many bytes.
pub(crate) async fn whole(mut response: Response, bytes_max: usize) -> Result<Vec<u8>, ClientError> {
    let mut bytes = Vec::new();
    let broken = |fault: reqwest::Error| ClientError::Interrupted { fault: reasons(&fault) };
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if bytes.len() + chunk.len() > bytes_max {
            let fault = format!("it has more than {bytes_max} bytes");
            return Err(ClientError::Unreadable { fault });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

pub(crate) fn problem(status: StatusCode, bytes: &[u8]) -> ClientError {
    match read::<Problem>(bytes) {
        Ok(problem) => ClientError::of(problem),
        // Whatever answered, it is not a node of ours: a proxy, perhaps.
        Err(_) => ClientError::Unreadable { fault: format!("status {status} without a problem") },
    }
}

pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ClientError> {
    let unreadable = |fault: String| ClientError::Unreadable { fault };
    let value = strict::parse(bytes, ANSWER_BYTES_MAX).map_err(|fault| unreadable(fault.to_string()))?;
    strict::shape(value).map_err(unreadable)
}

/// An error of reqwest says where it happened, which the caller knows; its innermost source says why.
pub(crate) fn reasons(fault: &reqwest::Error) -> String {
    let mut innermost: &dyn std::error::Error = fault;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_http_addresses_are_taken() {
        for good in ["http://127.0.0.1:7070", "http://ledger.example/base/", "https://ledger.example"] {
            assert!(Client::new(good).is_ok(), "{good}");
        }
        for bad in ["", "127.0.0.1:7070", "ftp://x", "file:///etc"] {
            assert!(matches!(Client::new(bad), Err(ClientError::Address { .. })), "{bad}");
        }
    }

    #[test]
    fn an_answer_by_a_stranger_is_not_taken_for_a_problem() {
        let error = problem(StatusCode::BAD_GATEWAY, b"<html>bad gateway</html>");
        assert!(matches!(error, ClientError::Unreadable { .. }), "{error}");
    }
}
