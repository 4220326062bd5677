//! What the liar says: anything that its own key can sign, about anything it has seen or makes up.

use arbitrary::{Result, Unstructured};
use consensus::Say;
use proto::ballot::VoteStatement;
use proto::batch::{Batch, BatchRef};
use proto::block::{Block, CertifiedBlock, Handover};
use proto::certificate::{QuorumCert, TimeoutCert};
use proto::counter::{Epoch, Height, TreeSize, View};
use proto::id::ValidatorIndex;
use proto::message::{Message, Request, Response, SyncInfo};

use super::arena::{Arena, LIAR};
use super::fixture::{NETWORK, VALIDATORS, submission};

type Bytes<'a, 'b> = &'a mut Unstructured<'b>;

/// One of the latest of a list.
fn pick<'a, T>(u: Bytes, list: &'a [T]) -> Result<Option<&'a T>> {
    let back = usize::from(u.arbitrary::<u8>()? % 8);
    Ok(list.len().checked_sub(1 + back).and_then(|at| list.get(at)).or(list.first()))
}

fn some_qc(arena: &Arena, u: Bytes) -> Result<QuorumCert> {
    let mut qc = pick(u, &arena.lore.qcs)?.cloned().expect("genesis is always known");
    match u.arbitrary::<u8>()? {
        0 => qc.view = qc.view.next(),
        1 => qc.height = qc.height.next(),
        2 => drop(qc.signatures.pop()),
        3 => qc.signatures = qc.signatures.first().cloned().into_iter().cycle().take(4).collect(),
        4 => qc.epoch = Epoch::new(1),
        _ => {}
    }
    Ok(qc)
}

fn some_tc(arena: &Arena, u: Bytes) -> Result<Option<TimeoutCert>> {
    let Some(mut tc) = pick(u, &arena.lore.tcs)?.cloned() else { return Ok(None) };
    match u.arbitrary::<u8>()? {
        0 => tc.view = tc.view.next(),
        1 => tc.high_qc = some_qc(arena, u)?,
        2 => drop(tc.entries.pop()),
        3..=90 => return Ok(None),
        _ => {}
    }
    Ok(Some(tc))
}

/// A view near those that the others are in, and rarely any other.
fn some_view(arena: &Arena, u: Bytes) -> Result<View> {
    let near = arena.lore.view().get();
    Ok(View::new(match u.arbitrary::<u8>()? {
        0 => u.arbitrary()?,
        byte @ 1..=100 => near.saturating_sub(u64::from(byte % 6)),
        byte => near.saturating_add(u64::from(byte % 6)),
    }))
}

fn sign(arena: &Arena, say: Say) -> Message {
    NETWORK.keys[usize::from(LIAR.get())].say(say, LIAR, &NETWORK.set, arena.notary())
}

fn statement(block: &Block) -> VoteStatement {
    VoteStatement { epoch: block.epoch, view: block.view, height: block.height, block: block.id() }
}

/// Says something: a ballot, a proposal, a certificate, a batch, a cosignature.
pub fn speak(arena: &Arena, u: Bytes) -> Result<Option<Message>> {
    Ok(Some(match u.arbitrary::<u8>()? % 8 {
        0 | 1 => match vote(arena, u)? {
            Some(vote) => vote,
            None => return Ok(None),
        },
        2 => {
            let (view, high_qc) = (some_view(arena, u)?, some_qc(arena, u)?);
            let last_tc = some_tc(arena, u)?;
            sign(arena, Say::Timeout { epoch: Epoch::ZERO, view, high_qc, last_tc })
        }
        3 | 4 => proposal(arena, u)?,
        5 => Message::SyncInfo(SyncInfo { high_qc: some_qc(arena, u)?, high_tc: some_tc(arena, u)? }),
        6 => {
            let count = u.int_in_range(1..=3)?;
            let first = u.int_in_range(0..=15)?;
            let submissions = (first..first + count).map(|n| submission(n, arena.notary())).collect();
            Message::Batch(Batch {
                author: ValidatorIndex::new(u.int_in_range(0..=VALIDATORS)?),
                submissions,
            })
        }
        _ => match cosignature(arena, u)? {
            Some(message) => message,
            None => return Ok(None),
        },
    }))
}

fn vote(arena: &Arena, u: Bytes) -> Result<Option<Message>> {
    let Some((block, _)) = pick(u, &arena.lore.blocks)? else { return Ok(None) };
    let mut statement = statement(block);
    match u.arbitrary::<u8>()? {
        0 => statement.view = some_view(arena, u)?,
        1 => statement.height = statement.height.next(),
        2 => statement.epoch = Epoch::new(1),
        _ => {}
    }
    Ok(Some(sign(arena, Say::Vote { statement, to: Vec::new() })))
}

fn proposal(arena: &Arena, u: Bytes) -> Result<Message> {
    let (justify, timeout_cert) = (some_qc(arena, u)?, some_tc(arena, u)?);
    // The first view it leads after the parent's, or after the certificate that ends the one before.
    let after = timeout_cert.as_ref().map_or(justify.view, |tc| tc.view.max(justify.view)).get();
    let leads = |view: &u64| view % u64::from(VALIDATORS) == u64::from(LIAR.get());
    let lawful = (1..=u64::from(VALIDATORS)).map(|ahead| after.saturating_add(ahead)).find(leads);
    let view = match u.arbitrary::<u8>()? {
        0..=30 => some_view(arena, u)?,
        _ => View::new(lawful.unwrap_or(after)),
    };
    let mut batches = Vec::new();
    for _ in 0..u.int_in_range(0..=3)? {
        // Bytes that name one twice are refused before they become a block.
        batches.extend(some_batch(arena, u)?.filter(|it| !batches.contains(it)));
    }
    let block = Block {
        epoch: Epoch::ZERO,
        height: justify.height.next(),
        view,
        parent: justify.block,
        parent_view: justify.view,
        proposer: LIAR,
        time: match u.arbitrary::<u8>()? {
            0 => proto::counter::TimeMs::new(u.arbitrary()?),
            byte => arena.now().plus(u64::from(byte)),
        },
        batches,
        handover: match u.arbitrary::<u8>()? {
            0..=20 => Some(Handover {
                as_of: Height::new(justify.height.get().saturating_sub(u.int_in_range(0..=3)?)),
                validators: match u.arbitrary::<bool>()? {
                    true => NETWORK.set.digest(),
                    false => crypto::sha256(b"nobody"),
                },
            }),
            _ => None,
        },
    };
    Ok(sign(arena, Say::Proposal { block, justify, timeout_cert }))
}

fn some_batch(arena: &Arena, u: Bytes) -> Result<Option<BatchRef>> {
    let references = arena.lore.references();
    let Some(mut it) = pick(u, &references)?.cloned() else { return Ok(None) };
    match u.arbitrary::<u8>()? {
        0 => it.bytes += 1,
        1 => it.count += 1,
        _ => {}
    }
    Ok(Some(it))
}

fn cosignature(arena: &Arena, u: Bytes) -> Result<Option<Message>> {
    let Some(mut head) = pick(u, &arena.lore.heads)?.copied() else { return Ok(None) };
    match u.arbitrary::<u8>()? {
        0..=40 => head.root = crypto::sha256(&[u.arbitrary::<u8>()?]),
        41..=60 => head.size = TreeSize::new(head.size.get().saturating_add(u.arbitrary::<u8>()?.into())),
        _ => {}
    }
    let keys = &NETWORK.keys[usize::from(LIAR.get())];
    let time_s = arena.now().seconds();
    Ok(Some(Message::Cosignature(keys.cosign(head, LIAR, time_s, &NETWORK.set, arena.notary()))))
}

/// Asks something.
pub fn ask(arena: &Arena, u: Bytes) -> Result<Request> {
    Ok(match u.arbitrary::<u8>()? % 5 {
        0 => Request::BlocksById {
            newest: some_qc(arena, u)?.block,
            above: Height::new(u.int_in_range(0..=20)?),
        },
        1 => Request::BlocksByHeight { from: Height::new(u.int_in_range(0..=20)?) },
        2 => {
            let known = arena.lore.references();
            let mut ids = Vec::new();
            for _ in 0..u.int_in_range(0..=3)? {
                ids.extend(pick(u, &known)?.map(|it| it.id));
            }
            Request::Batches(ids)
        }
        3 => Request::Certificates(Epoch::new(u.int_in_range(0..=2)?)),
        _ => Request::CheckpointAt(TreeSize::new(u.int_in_range(0..=20)?)),
    })
}

/// Answers something, perhaps what was asked.
pub fn answer(arena: &Arena, u: Bytes) -> Result<Option<Response>> {
    Ok(Some(match u.arbitrary::<u8>()? % 5 {
        0 => return Ok(None),
        1 => {
            let mut batches = Vec::new();
            for _ in 0..u.int_in_range(0..=3)? {
                batches.extend(pick(u, &arena.lore.batches)?.cloned());
            }
            Response::Batches(batches)
        }
        2 => Response::Checkpoint(None),
        3 => Response::Certificates(Box::new(SyncInfo {
            high_qc: some_qc(arena, u)?,
            high_tc: some_tc(arena, u)?,
        })),
        _ => {
            let mut blocks = Vec::new();
            for _ in 0..u.int_in_range(0..=4)? {
                if let Some((block, justify)) = pick(u, &arena.lore.blocks)? {
                    let of = |wanted: &BatchRef| {
                        let known = arena.lore.batches.iter();
                        known.clone().find(|batch| ledger::batch_ref(batch).id == wanted.id).cloned()
                    };
                    let batches = block.batches.iter().filter_map(of).collect();
                    blocks.push(CertifiedBlock { block: block.clone(), justify: justify.clone(), batches });
                }
            }
            Response::Blocks(blocks)
        }
    }))
}
