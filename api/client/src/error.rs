//! How asking a node can fail, told apart by what the caller can do about it.

use model::error::Problem;
use proto::id::SubmissionId;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The address cannot be used.
    #[error("{url:?} is not the address of a node: {fault}")]
    Address {
        /// The address.
        url: String,
        /// Why not.
        fault: String,
    },
    /// Nobody answered; nothing was sent.
    #[error("cannot connect to {url}: {fault}")]
    CannotConnect {
        /// The address.
        url: String,
        /// What happened.
        fault: String,
    },
    /// The submission was sent, and what became of it is not known. Sending the same bytes again is safe.
    #[error("what became of submission {id} is not known: {fault}")]
    OutcomeUnknown {
        /// Its id.
        id: SubmissionId,
        /// What happened.
        fault: String,
    },
    /// A question was sent, and no whole answer came.
    #[error("no whole answer came: {fault}")]
    Interrupted {
        /// What happened.
        fault: String,
    },
    /// What was asked for does not exist, or is not final yet.
    #[error("{}: {} {}", .0.title, .0.detail, .0.hint)]
    NotFound(Box<Problem>),
    /// The node will not do it.
    #[error("{}: {} {}", .0.title, .0.detail, .0.hint)]
    Refused(Box<Problem>),
    /// The node could not do it.
    #[error("{}: {} {}", .0.title, .0.detail, .0.hint)]
    Failed(Box<Problem>),
    /// The answer is not one that a node gives.
    #[error("the answer cannot be read: {fault}")]
    Unreadable {
        /// What is wrong with it.
        fault: String,
    },
}

impl ClientError {
    /// The exit code of a program that fails because of it.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Unreadable { .. } | Self::Failed(_) => 1,
            Self::Address { .. } => 2,
            Self::NotFound(_) => 3,
            Self::OutcomeUnknown { .. } | Self::Interrupted { .. } => 6,
            Self::CannotConnect { .. } => 7,
            Self::Refused(_) => 8,
        }
    }

    /// Whether the same request will fail again, whenever it is made.
    pub const fn is_permanent(&self) -> bool {
        match self {
            Self::Address { .. } => true,
            Self::Refused(problem) => problem.retry_after_ms.is_none(),
            Self::CannotConnect { .. }
            | Self::OutcomeUnknown { .. }
            | Self::Interrupted { .. }
            | Self::NotFound(_)
            | Self::Failed(_)
            | Self::Unreadable { .. } => false,
        }
    }

    /// What a node's problem means for a question.
    pub(crate) fn of(problem: Problem) -> Self {
        let problem = Box::new(problem);
        match problem.status {
            404 => Self::NotFound(problem),
            400..=499 => Self::Refused(problem),
            _ if problem.code == "busy" => Self::Refused(problem),
            _ => Self::Failed(problem),
        }
    }
}

#[cfg(test)]
mod tests {
    use model::error::{AccessError, ApiError};

    use super::*;

    #[test]
    fn exit_codes_follow_what_the_caller_can_do() {
        let of = |error: ApiError| ClientError::of(error.problem()).exit_code();
        let name = || "7".to_owned();
        assert_eq!(of(ApiError::EntryUnknown { name: name() }), 3);
        assert_eq!(of(ApiError::NotFinal { name: name(), retry_after_ms: 1 }), 3);
        assert_eq!(of(AccessError::Missing { what: "x" }.into()), 8);
        assert_eq!(of(ApiError::Busy { retry_after_ms: 1 }), 8);
        assert_eq!(of(ApiError::Internal), 1);
    }

    #[test]
    fn a_busy_node_is_worth_another_try() {
        assert!(!ClientError::of(ApiError::Busy { retry_after_ms: 1 }.problem()).is_permanent());
        assert!(ClientError::of(ApiError::SigningNotOffered.problem()).is_permanent());
    }
}
