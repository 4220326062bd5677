// How a check ends: passed, failed by a `Refused`, or otherwise.

import { Refused } from "../bytes.js";

/** Ends a check that neither holds nor fails. */
export class Otherwise extends Error {
  /** @param {"unknown" | "stale" | "without_status" | "skipped"} outcome */
  constructor(outcome, why) {
    super(why);
    this.outcome = outcome;
  }
}

export const PASSED = { outcome: "passed", detail: "" };

/** How a fault ends the check in which it came; what is no finding is thrown on. */
export function ended(fault) {
  if (fault instanceof Otherwise) return { outcome: fault.outcome, detail: fault.message };
  if (fault instanceof Refused) return { outcome: "failed", detail: fault.message };
  throw fault;
}

/** Makes a check. */
export async function made(work) {
  try {
    await work();
    return PASSED;
  } catch (fault) {
    return ended(fault);
  }
}
