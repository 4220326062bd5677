// Signatures that WebCrypto checks, by keys that were found good before.

import { Otherwise } from "./check.js";

/** That it cannot be told here whether a signature fits: it is neither taken for true nor for false. */
export const notHere = () => new Otherwise("unknown", "this platform's WebCrypto does not have the algorithm");

/** Whether a signature fits a key. @throws {Otherwise} when WebCrypto does not take the algorithm */
export async function holds(format, key, algorithm, parameters, signature, signed) {
  try {
    const imported = await crypto.subtle.importKey(format, key, algorithm, false, ["verify"]);
    return await crypto.subtle.verify(parameters, imported, signature, signed);
  } catch {
    throw notHere();
  }
}
