// Times as RFC 3339 writes them, to the microsecond, from 1970 to 9999.
//
// A time without an offset is none: it would be another instant on another machine; nor is one with a second of 60.

const TIME = new RegExp(
  "^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\\.([0-9]{1,6}))?" +
    "(?:Z|([+-])([0-9]{2}):([0-9]{2}))$",
);

/** Microseconds since 1970; null when it is spelt otherwise or does not exist. @returns {bigint | null} */
export function readTime(text) {
  const found = TIME.exec(text);
  if (found === null) return null;
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number);
  const [hours, minutes] = [Number(found[9] ?? 0), Number(found[10] ?? 0)];
  if (year < 1970 || hour > 23 || minute > 59 || second > 59 || hours > 23 || minutes > 59) return null;
  const date = new Date(Date.UTC(year, month - 1, day));
  // The 30th of February would be taken for a day in March.
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  const offset = (hours * 3_600 + minutes * 60) * (found[8] === "-" ? -1 : 1);
  const seconds = date.getTime() / 1_000 + hour * 3_600 + minute * 60 + second - offset;
  return seconds < 0 ? null : BigInt(seconds) * 1_000_000n + BigInt((found[7] ?? "").padEnd(6, "0"));
}
