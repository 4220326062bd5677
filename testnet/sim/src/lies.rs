//! What a Byzantine peer answers when it is asked: everything but what was asked for.

use proto::canonical::Canonical as _;
use proto::message::{Request, Response};

use crate::fault::Fault;
use crate::prng::Prng;
use crate::release;

/// The ways to lie; each is drawn equally often.
const WAYS: u64 = 8;

/// What arrives at who asked; none when the answer does not come, or is refused at the door.
pub fn lie(request: &Request, honest: Response, other: Response, prng: &mut Prng) -> Option<Response> {
    match prng.below(WAYS) {
        // Nothing.
        0 => Some(match honest {
            Response::Blocks(_) => Response::Blocks(Vec::new()),
            Response::Batches(_) => Response::Batches(Vec::new()),
            Response::Checkpoint(_) | Response::Certificates(_) => Response::Checkpoint(None),
            Response::Log(_) => Response::Log(None),
        }),
        // No answer at all.
        1 => None,
        // Something else that is true, and was not asked for: stale blocks.
        2 => Some(other),
        // More than an answer may hold.
        3 => {
            let swollen = match honest {
                Response::Blocks(mut blocks) => {
                    blocks.extend(match other {
                        Response::Blocks(more) => more,
                        Response::Batches(_)
                        | Response::Checkpoint(_)
                        | Response::Certificates(_)
                        | Response::Log(_) => Vec::new(),
                    });
                    let once = blocks.clone();
                    while !blocks.is_empty() && blocks.len() <= Response::BLOCKS_MAX {
                        blocks.extend(once.iter().cloned());
                    }
                    Response::Blocks(blocks)
                }
                Response::Batches(batches) => {
                    let times = 65usize.div_ceil(batches.len().max(1));
                    Response::Batches(batches.iter().cycle().take(batches.len() * times).cloned().collect())
                }
                Response::Log(Some(mut part)) => {
                    let once = part.blocks.clone();
                    part.blocks.extend(once);
                    Response::Log(Some(part))
                }
                Response::Checkpoint(_) | Response::Certificates(_) | Response::Log(None) => honest,
            };
            release::response_of(&swollen.encode())
        }
        // The beginning of the bytes.
        4 => {
            let bytes = honest.encode();
            release::response_of(&bytes[..prng.below(bytes.len() as u64 + 1) as usize])
        }
        // Bodies and heads exchanged: each block with the batches of another.
        5 => Some(match honest {
            Response::Blocks(mut blocks) => {
                let bodies: Vec<_> =
                    blocks.iter_mut().map(|block| std::mem::take(&mut block.batches)).collect();
                let turned = bodies.into_iter().rev();
                blocks.iter_mut().zip(turned).for_each(|(block, body)| block.batches = body);
                Response::Blocks(blocks)
            }
            Response::Batches(mut batches) => {
                batches.iter_mut().for_each(|batch| batch.submissions.truncate(1));
                Response::Batches(batches)
            }
            Response::Log(Some(mut part)) => {
                part.blocks.reverse();
                Response::Log(Some(part))
            }
            Response::Checkpoint(_) | Response::Certificates(_) | Response::Log(None) => other,
        }),
        // The order turned round, and the newest missing.
        6 => Some(match honest {
            Response::Blocks(mut blocks) => {
                blocks.reverse();
                blocks.pop();
                Response::Blocks(blocks)
            }
            Response::Batches(mut batches) => {
                batches.pop();
                Response::Batches(batches)
            }
            Response::Log(Some(mut part)) => {
                part.blocks.pop();
                Response::Log(Some(part))
            }
            Response::Checkpoint(_) | Response::Certificates(_) | Response::Log(None) => {
                Response::Checkpoint(None)
            }
        }),
        // An answer to another question.
        _ => Some(match request {
            Request::BlocksById { .. } | Request::BlocksByHeight { .. } => Response::Checkpoint(None),
            Request::Batches(_)
            | Request::CheckpointAt(_)
            | Request::Certificates(_)
            | Request::LogRange { .. }
            | Request::Standing(_) => Response::Blocks(Vec::new()),
        }),
    }
}

/// The class that a lie is counted under.
pub const CLASS: Fault = Fault::ByzantineSync;
