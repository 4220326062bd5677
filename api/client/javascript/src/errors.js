// What a caller may have to deal with, told apart by what can be done about it.

/** Nothing to judge a receipt by: the policy cannot be read. */
export class PolicyError extends Error {
  name = "PolicyError";
}

/** The call cannot work: a tlog-proof without its entry, a digest that is none. */
export class UsageError extends Error {
  name = "UsageError";
}

/**
 * Why there is no answer. `kind` is one of `address`, `cannot_connect`, `outcome_unknown`, `interrupted`, `not_found`,
 * `refused`, `failed`, `unreadable`; `problem` is what the node said, if it said something.
 */
export class ClientError extends Error {
  name = "ClientError";

  constructor(kind, message, { id, problem, cause } = {}) {
    super(message, { cause });
    this.kind = kind;
    this.id = id;
    this.problem = problem;
  }

  /** Whether the same request will fail again, whenever it is made. */
  get isPermanent() {
    return this.kind === "address" || (this.kind === "refused" && this.problem?.retry_after_ms === undefined);
  }
}

/** An answer came and is not believed; `report` says which check failed. */
export class NotVerifiedError extends Error {
  name = "NotVerifiedError";

  constructor(message, report) {
    super(message);
    this.report = report;
  }
}

/** The submission has not come as far as a receipt: `ticket` says how far. */
export class NotFinalError extends Error {
  name = "NotFinalError";

  constructor(ticket) {
    super(`submission ${ticket.id} is ${ticket.state}, so there is no receipt`);
    this.ticket = ticket;
  }
}
