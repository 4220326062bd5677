//! Callers who wait to hear whether what they submitted was accepted.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use api::SubmitReply;
use engine::Answer;
use engine::event::CallerTicket;
use proto::id::SubmissionId;
use proto::submission::SubmissionError;
use tokio::sync::oneshot;

/// The callers, by their ticket.
#[derive(Default)]
pub(crate) struct Callers(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    next: u64,
    replies: BTreeMap<CallerTicket, oneshot::Sender<SubmitReply>>,
}

impl Callers {
    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a caller a ticket.
    pub(crate) fn enter(&self, reply: oneshot::Sender<SubmitReply>) -> CallerTicket {
        let mut waiting = self.lock();
        let ticket = CallerTicket(waiting.next);
        waiting.next += 1;
        waiting.replies.insert(ticket, reply);
        ticket
    }

    /// Answers a caller; one who has left hears nothing.
    pub(crate) fn answer(&self, ticket: CallerTicket, answer: Answer) {
        let reply = self.lock().replies.remove(&ticket);
        if let Some(reply) = reply {
            // An error says that the caller has left.
            let _ = reply.send(reply_to(answer));
        }
    }
}

/// What the window is told, in its words.
fn reply_to(answer: Answer) -> SubmitReply {
    match answer {
        Answer::Accepted { id } => SubmitReply::Accepted { id },
        Answer::Known { id, outcome } => SubmitReply::Known { id, outcome },
        Answer::Refused { id, rejection } => {
            SubmitReply::Refused { id, code: rejection.code(), detail: rejection.to_string() }
        }
        Answer::Unable { fault } => {
            tracing::error!(code = "submission_unjudged", %fault, "a submission could not be judged");
            SubmitReply::Full { retry_after_ms: 1_000 }
        }
        Answer::Full { retry_after_ms } => SubmitReply::Full { retry_after_ms },
    }
}

/// The refusal of a submission whose signatures do not hold.
pub(crate) fn unsigned(id: SubmissionId, fault: &SubmissionError) -> SubmitReply {
    let code = match fault {
        SubmissionError::Network { .. } => "wrong_network",
        SubmissionError::Signature(_) => "bad_signature",
        SubmissionError::Possession(_) | SubmissionError::PossessionCount { .. } => "bad_possession",
        SubmissionError::Issuer(_) => "bad_issuer_signature",
    };
    SubmitReply::Refused { id, code, detail: fault.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_caller_hears_its_own_answer_once() {
        let callers = Callers::default();
        let (one, mut hears_one) = oneshot::channel();
        let (two, mut hears_two) = oneshot::channel();
        let (first, second) = (callers.enter(one), callers.enter(two));
        let id = SubmissionId::default();
        callers.answer(second, Answer::Full { retry_after_ms: 5 });
        callers.answer(first, Answer::Accepted { id });
        callers.answer(first, Answer::Full { retry_after_ms: 7 });
        assert_eq!(hears_one.try_recv(), Ok(SubmitReply::Accepted { id }));
        assert_eq!(hears_two.try_recv(), Ok(SubmitReply::Full { retry_after_ms: 5 }));
    }
}
