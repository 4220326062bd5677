// Trust policies: which logs and which quorum of cosigners a verifier believes. The only root of trust there is.
//
// Source: C2SP tlog-policy.

import { Refused, require, textOf } from "./bytes.js";
import { PolicyError } from "./errors.js";
import { isSameKey, LOG, NO_WITNESS, parseVkey } from "./note.js";

const BYTES_MAX = 1 << 20;
const LOGS_MAX = 256;
const WITNESSES_MAX = 512;
const GROUPS_MAX = 256;

function threshold(text, members) {
  if (text === "all") return members;
  if (text === "any") return 1;
  const count = /^[1-9][0-9]{0,9}$/.test(text) ? Number(text) : 0;
  require(count >= 1 && count <= members,
    `threshold ${JSON.stringify(text)} of ${members} members: all, any, or a number from 1 to ${members} is needed`);
  return count;
}

/** What a verifier believes. */
export class Policy {
  /**
   * Reads a policy.
   * @param {string | Uint8Array} source
   * @throws {PolicyError}
   */
  static async parse(source) {
    try {
      return await read(textOf(source, BYTES_MAX, "the policy"));
    } catch (fault) {
      if (fault instanceof Refused) throw new PolicyError(fault.message);
      throw fault;
    }
  }

  constructor(draft) {
    this.logs = draft.logs;
    this.witnesses = draft.witnesses;
    this.groups = draft.groups;
    /** The name of a witness or group; null: nobody's cosignature is needed. */
    this.quorum = draft.quorum;
  }

  /** Whose key has this name and id: at most one has. */
  signer(name, id) {
    const isIt = ({ key }) => key.id === id && key.name === name;
    const log = this.logs.find(isIt);
    if (log) return { log };
    const witness = this.witnesses.find(isIt);
    return witness ? { witness } : null;
  }

  /** Whether the quorum has cosigned when the witnesses of these names have. @param {Set<string>} cosigned */
  satisfied(cosigned) {
    if (this.quorum === null) return true;
    const holds = new Set(this.witnesses.map(({ name }) => name).filter((name) => cosigned.has(name)));
    // Members stand before their group, so one pass decides all of them.
    for (const { name, needed, members } of this.groups) {
      if (members.filter((member) => holds.has(member)).length >= needed) holds.add(name);
    }
    return holds.has(this.quorum);
  }
}

class Draft {
  logs = [];
  witnesses = [];
  groups = [];
  quorum = undefined;
  defined = new Set();
  members = new Set();

  addLog(log) {
    this.checkKey(log.key, this.logs, true);
    require(this.logs.length < LOGS_MAX, `more than ${LOGS_MAX} logs`);
    this.logs.push(log);
  }

  addWitness(witness) {
    this.checkKey(witness.key, this.witnesses, false);
    this.define(witness.name);
    require(this.witnesses.length < WITNESSES_MAX, `more than ${WITNESSES_MAX} witnesses`);
    this.witnesses.push(witness);
  }

  addGroup(group) {
    for (const member of group.members) {
      this.expectDefined(member);
      require(!this.members.has(member), `${JSON.stringify(member)} is a member of a group already`);
      this.members.add(member);
    }
    // After its members, so that a group cannot be a member of itself.
    this.define(group.name);
    require(this.groups.length < GROUPS_MAX, `more than ${GROUPS_MAX} groups`);
    this.groups.push(group);
  }

  setQuorum(name) {
    require(this.quorum === undefined, "the quorum is defined before");
    if (name !== "none") this.expectDefined(name);
    this.quorum = name === "none" ? null : name;
  }

  expectDefined(name) {
    require(this.defined.has(name), `${JSON.stringify(name)} is not defined on a line before`);
  }

  define(name) {
    require(name !== "none" && !this.defined.has(name), `${JSON.stringify(name)} is defined before or reserved`);
    this.defined.add(name);
  }

  checkKey(key, earlier, isLog) {
    require(isLog || !NO_WITNESS.includes(key.byte), `a key of type 0x0${key.byte} cannot be the key of a witness`);
    require(key.type === null || (key.type === LOG) === isLog,
      `a key for a ${key.type?.name} cannot be the key of a ${isLog ? "log" : "witness"}`);
    require(!earlier.some((other) => isSameKey(other.key, key)), `the key of ${key.name} was given before`);
    const twice = [...this.logs, ...this.witnesses].some(({ key: { name, id } }) => name === key.name && id === key.id);
    require(!twice, `two keys have the name ${key.name} and the id ${key.id}`);
  }
}

async function readLine(line, draft) {
  require(!/[\u0000-\u0008\u000a-\u001f\u007f]/.test(line), "holds a control character");
  const words = line.split(/[ \t]/).filter((word) => word !== "");
  if (words.length === 0 || words[0].startsWith("#")) return;
  const [keyword, ...rest] = words;
  const form = (holds, text) => require(holds, `is not of the form: ${text}`);
  switch (keyword) {
    case "log":
      form(rest.length === 1 || rest.length === 2, "log <vkey> [<url>]");
      return draft.addLog({ key: await parseVkey(rest[0]), url: rest[1] ?? null });
    case "witness":
      form(rest.length === 2 || rest.length === 3, "witness <name> <vkey> [<url>]");
      return draft.addWitness({ name: rest[0], key: await parseVkey(rest[1]), url: rest[2] ?? null });
    case "group": {
      form(rest.length >= 3, "group <name> all|any|<number> <name>…");
      const members = rest.slice(2);
      return draft.addGroup({ name: rest[0], needed: threshold(rest[1], members.length), members });
    }
    case "quorum":
      form(rest.length === 1, "quorum <name>|none");
      return draft.setQuorum(rest[0]);
    default:
      throw new Refused(`begins with ${JSON.stringify(keyword.slice(0, 80))}, not with log, witness, group or quorum`);
  }
}

async function read(text) {
  const lines = text.split("\n");
  // A file that was cut off must not pass for a shorter policy.
  const last = lines.pop();
  const draft = new Draft();
  for (const [at, line] of lines.entries()) {
    try {
      await readLine(line, draft);
    } catch (fault) {
      throw fault instanceof Refused ? new Refused(`line ${at + 1} of the policy: ${fault.message}`) : fault;
    }
  }
  require(last === "", `line ${lines.length + 1} of the policy does not end in a newline: the file may have been cut off`);
  require(draft.quorum !== undefined, "the policy has no quorum line");
  return new Policy(draft);
}
