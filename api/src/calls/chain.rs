//! `ledger_checkpoint`, `ledger_block`, and the validators.

use ledger::LedgerReader;
use model::chain::{
    BLOCK_IDS_MAX, BatchAnswer, BlockAnswer, BlockParams, CertificateAnswer, CheckpointAnswer,
    CheckpointParams, HandoverAnswer, ValidatorAnswer, ValidatorsAnswer, ValidatorsParams,
};
use model::error::ApiError;
use model::operation::Key;
use model::scalar::{Hash, Position, Uint};
use proto::batch::BatchRef;
use proto::block::{Block, CertifiedBlock, Handover};
use proto::certificate::QuorumCert;
use proto::counter::{Epoch, Height, TreeSize};
use proto::id::Did;
use proto::validators::{Validator, ValidatorSet};

use crate::api::Api;
use crate::calls::counts::vote_threshold;
use crate::kept::Beyond;

/// A checkpoint that a quorum signed.
///
/// # Errors
/// `CheckpointUnknown`, `Storage` or `Internal`.
pub(crate) async fn checkpoint(api: &Api, params: CheckpointParams) -> Result<CheckpointAnswer, ApiError> {
    let position = params.size;
    let kept = api.kept().clone();
    let read = move |reader: &LedgerReader| {
        let found = match position {
            Position::Latest => reader.checkpoint_latest()?,
            Position::At(size) => reader.checkpoint_at(TreeSize::new(size))?,
        };
        let found = found.ok_or_else(|| ApiError::CheckpointUnknown { size: position.to_string() })?;
        let reigned = kept.reigned_at(reader, found.head.size)?;
        Ok((found, reigned))
    };
    let (checkpoint, reigned) = api.read(read).await?;
    let set = &reigned.set;
    let note = checkpoint.to_note(set).map_err(|fault| {
        tracing::error!(%fault, "a stored checkpoint cannot be written as note");
        ApiError::Storage
    })?;
    let name = |validator: &Validator| validator.name.clone();
    Ok(CheckpointAnswer {
        origin: set.origin().to_owned(),
        size: Uint(checkpoint.head.size.get()),
        root: Hash(checkpoint.head.root),
        signers: checkpoint.cosignatures.iter().filter_map(|part| set.get(part.signer).map(name)).collect(),
        note,
    })
}

/// A committed block.
///
/// # Errors
/// `BlockUnknown`, `BlockNotKept`, `Storage` or `Internal`.
pub(crate) async fn block(api: &Api, params: BlockParams) -> Result<BlockAnswer, ApiError> {
    let position = params.height;
    let read = move |reader: &LedgerReader| {
        let unknown = || ApiError::BlockUnknown { height: position.to_string() };
        let height = match position {
            Position::Latest => reader.tip()?.ok_or_else(unknown)?.height,
            Position::At(height) => Height::new(height),
        };
        let block = match reader.block(height)? {
            Some(block) => block,
            None if reader.tip()?.is_some_and(|tip| height <= tip.height) => {
                return Err(ApiError::BlockNotKept { height: height.to_string() }.into());
            }
            None => return Err(unknown().into()),
        };
        // Made here, because a full block is large and its ids are hashes to be copied.
        Ok(block_answer(&block))
    };
    api.read(read).await
}

fn block_answer(certified: &CertifiedBlock) -> BlockAnswer {
    let CertifiedBlock { block, justify, batches } = certified;
    let id = Hash::from(block.id());
    let Block { epoch, height, view, parent, parent_view, proposer, time, batches: refs, handover } = block;
    let count: usize = batches.iter().map(|batch| batch.submissions.len()).sum();
    let submissions = batches.iter().flat_map(|batch| &batch.submissions);
    BlockAnswer {
        id,
        height: Uint(height.get()),
        epoch: Uint(epoch.get()),
        view: Uint(view.get()),
        parent: (*parent).into(),
        parent_view: Uint(parent_view.get()),
        proposer: proposer.get(),
        time_ms: Uint(time.get()),
        handover: handover.map(|Handover { as_of, validators }| HandoverAnswer {
            as_of_height: Uint(as_of.get()),
            validators: Hash(validators),
        }),
        batches: refs.iter().map(batch_answer).collect(),
        submission_count: Uint(count as u64),
        submissions: submissions.take(BLOCK_IDS_MAX).map(|submission| submission.id().into()).collect(),
        complete: count <= BLOCK_IDS_MAX,
        justify: certificate_answer(justify),
    }
}

fn batch_answer(batch: &BatchRef) -> BatchAnswer {
    let BatchRef { id, count, bytes } = batch;
    BatchAnswer { id: Hash(*id.digest()), count: *count, bytes: *bytes }
}

fn certificate_answer(certificate: &QuorumCert) -> CertificateAnswer {
    let QuorumCert { epoch: _, view, height, block, signatures } = certificate;
    CertificateAnswer {
        block: (*block).into(),
        height: Uint(height.get()),
        view: Uint(view.get()),
        signers: signatures.iter().map(|(signer, _)| signer.get()).collect(),
    }
}

/// The validators of an epoch.
///
/// # Errors
/// `EpochUnknown`, `Storage` or `Internal`.
pub(crate) async fn validators(api: &Api, params: ValidatorsParams) -> Result<ValidatorsAnswer, ApiError> {
    let present = api.doors().set();
    match params.epoch {
        Some(Uint(epoch)) if epoch != present.epoch().get() => {
            let kept = api.kept().clone();
            let epoch = Epoch::new(epoch);
            api.read(move |reader| Ok(validators_answer(&kept.reigned(Beyond::Store(reader), epoch)?.set)))
                .await
        }
        Some(_) | None => Ok(validators_answer(&present)),
    }
}

fn validators_answer(set: &ValidatorSet) -> ValidatorsAnswer {
    let answer = |(index, validator): (proto::id::ValidatorIndex, &Validator)| {
        let Validator { name, power, consensus, network, log, cosigner_ed25519, cosigner_ml_dsa_65 } =
            validator;
        ValidatorAnswer {
            index: index.get(),
            name: name.clone(),
            did: Did::of(consensus).to_string(),
            power: Uint(*power),
            stake: Uint(*power),
            is_active: true,
            // Proofs are not voted on yet.
            votes_cast: Uint(0),
            proofs_validated: Uint(0),
            consensus: Key::from(consensus),
            network: Key::from(network),
            log: Key::from(log),
            cosigner_ed25519: Key::from(cosigner_ed25519),
            cosigner_ml_dsa_65: Key::from(cosigner_ml_dsa_65),
        }
    };
    ValidatorsAnswer {
        network: Hash(*set.network().digest()),
        origin: set.origin().to_owned(),
        epoch: Uint(set.epoch().get()),
        total_power: Uint(set.total_power()),
        quorum_power: Uint(set.quorum_power()),
        count: Uint(set.count() as u64),
        quorum_threshold: Uint(vote_threshold(set.count() as u64)),
        validators: set.iter().map(answer).collect(),
    }
}
