//! What the shell of a simulated member does: commands become happenings.

use std::collections::VecDeque;

use consensus::{Recipients, Say};
use engine::event::{PeerTicket, QuestionId};
use engine::{Alarm, Answer, Command, Peer};
use proto::id::ValidatorIndex;
use proto::message::{Message, Request, Response};
use proto::validators::ValidatorSet;

use crate::checkers::Violation;
use crate::crash::{Effect, Mode};
use crate::plan::{Attack, ShellDefect};
use crate::world::{BEGIN, Happening, World};

/// How long a question may stay unanswered, in microseconds.
const QUESTION_US: u64 = 1_000_000;

/// Whether anybody but the member itself could tell that a command was done.
fn is_noticed(command: &Command) -> bool {
    match command {
        Command::Say(_)
        | Command::Cosign { .. }
        | Command::Send { .. }
        | Command::Ask { .. }
        | Command::Respond { .. }
        | Command::Answer { .. }
        | Command::Publish(_)
        | Command::Show { .. }
        | Command::Announce(_) => true,
        Command::Journal(_)
        | Command::Store(_)
        | Command::StartTimer { .. }
        | Command::StopTimer { .. }
        | Command::Happen(_)
        | Command::Reign(_)
        | Command::Alarm(_) => false,
    }
}

impl World {
    pub(crate) fn perform(&mut self, member: u16, commands: Vec<Command>) -> Result<(), Violation> {
        let mut queue = VecDeque::from(commands);
        let life = self.members[usize::from(member)].life;
        while let Some(command) = queue.pop_front() {
            // Something done before ended this life.
            if self.members[usize::from(member)].life != life {
                return Ok(());
            }
            let mode = match is_noticed(&command) {
                true => self.effect(member, Effect::Command),
                false => None,
            };
            let before = self.sequence;
            if mode == Some(Mode::Before) {
                self.end(member);
                return Ok(());
            }
            match command {
                Command::Journal(gate) => {
                    let life = self.members[usize::from(member)].life;
                    let us = self.disks.between(self.plan.write_us.0, self.plan.write_us.1);
                    let gate = match self.plan.defect {
                        // The seeded defect: what follows does not wait.
                        Some(ShellDefect::SpeakBeforeDurable) => {
                            let write = gate.write().clone();
                            let then = gate.open(|_| Ok::<(), Violation>(()))?;
                            queue.extend(then);
                            consensus::Gated::new(write, Vec::new())
                        }
                        Some(
                            ShellDefect::LockNotRestored
                            | ShellDefect::Amnesia
                            | ShellDefect::TellBeforeStored
                            | ShellDefect::FailedWriteIgnored
                            | ShellDefect::LossForgotten,
                        )
                        | None => gate,
                    };
                    self.members[usize::from(member)].disk.journal.push_back(gate);
                    self.after(us, Happening::JournalWritten { member, life });
                }
                Command::Store(gate) => {
                    let life = self.members[usize::from(member)].life;
                    let us = self.disks.between(self.plan.write_us.0, self.plan.write_us.1);
                    let gate = match self.plan.defect {
                        // The seeded defect: what follows does not wait.
                        Some(ShellDefect::TellBeforeStored) => {
                            let write = gate.write().clone();
                            queue.extend(gate.open(|_| Ok::<(), Violation>(()))?);
                            consensus::Gated::new(write, Vec::new())
                        }
                        Some(
                            ShellDefect::SpeakBeforeDurable
                            | ShellDefect::LockNotRestored
                            | ShellDefect::Amnesia
                            | ShellDefect::FailedWriteIgnored
                            | ShellDefect::LossForgotten,
                        )
                        | None => gate,
                    };
                    self.members[usize::from(member)].disk.changes.push_back(gate);
                    self.after(us, Happening::StoreWritten { member, life });
                }
                Command::Say(say) => self.say(member, say)?,
                Command::Cosign { head, set, signer } => {
                    self.checkers.cosigned(member, head, &self.reader(member))?;
                    let it = &self.members[usize::from(member)];
                    let time_s = it.clock(BEGIN, self.now_us).seconds();
                    let cosignature = it.keys.cosign(head, signer, time_s, &set, &self.notary);
                    self.after(
                        1,
                        Happening::Message {
                            to: member,
                            from: member,
                            message: Message::Cosignature(cosignature),
                        },
                    );
                }
                Command::Send { to, message } => self.send(member, &to, message),
                Command::Reign(reigns) => self.members[usize::from(member)].reigns = Some(reigns),
                Command::Show { to, message } => {
                    if let Some(to) = self.numbers.get(&to).copied() {
                        self.show(member, to, message);
                    }
                }
                Command::Ask { to, question, request } => {
                    let life = self.members[usize::from(member)].life;
                    match self.numbers.get(&to).copied() {
                        Some(to) => self.ask(member, to, question, request),
                        None => self.after(0, Happening::NoResponse { to: member, life, question }),
                    }
                }
                Command::Respond { ticket, response } => self.respond(member, ticket, response),
                Command::StartTimer { timer, after_ms } => {
                    let start = self.sequence;
                    let it = &mut self.members[usize::from(member)];
                    it.timers.insert(timer, start);
                    let life = it.life;
                    self.after(after_ms * 1_000, Happening::Timer { member, life, timer, start });
                }
                Command::StopTimer { timer } => {
                    self.members[usize::from(member)].timers.remove(&timer);
                }
                Command::Answer { answer: Answer::Known { id, outcome }, .. } => {
                    self.checkers.told(member, id, &outcome)?;
                }
                Command::Answer { .. } | Command::Announce(_) => {}
                Command::Publish(notices) => self.published(member, &notices)?,
                Command::Happen(event) => self.step(member, event)?,
                Command::Alarm(alarm) => self.alarm(member, alarm)?,
            }
            if let Some(mode) = mode {
                if mode == Mode::Partly {
                    self.queue.retain(|(_, sequence), _| *sequence <= before || sequence % 2 == 0);
                }
                self.end(member);
            }
        }
        Ok(())
    }

    fn alarm(&mut self, member: u16, alarm: Alarm) -> Result<(), Violation> {
        match alarm {
            Alarm::Equivocation(evidence) => {
                self.note(|| format!("v{member} accuses"));
                let reigning = self.members[usize::from(member)].reigns.as_ref().map(|it| it.reigning());
                let culprit =
                    reigning.and_then(|set| self.number(set, evidence.accused())).unwrap_or(u16::MAX);
                self.outcomes.accusations += 1;
                match self.is_byzantine(culprit) || self.plan.defect.is_some() {
                    true => Ok(()),
                    false => Err(Violation(format!("v{member} accuses the honest v{culprit}"))),
                }
            }
            Alarm::Misbehaved { .. } => Ok(()),
            // Byzantine members of this world do not lie about the log, and honest ones never do.
            Alarm::UntrueLog { peer, fault } => {
                Err(Violation(format!("v{member} on the log of {peer:?}: {fault}")))
            }
            Alarm::Diverged { ours, theirs } => {
                Err(Violation(format!("v{member} computed {ours:?}, a quorum signed {theirs:?}")))
            }
            Alarm::Divergence(divergence) => Err(Violation(format!("v{member}: {divergence}"))),
            Alarm::Forked(fork) => Err(Violation(format!("v{member} sees a fork: {fork:?}"))),
            Alarm::Fatal(fault) => Err(Violation(format!("v{member} cannot go on: {fault}"))),
        }
    }

    /// Signs and sends, or does what a Byzantine member does instead.
    fn say(&mut self, member: u16, say: Say) -> Result<(), Violation> {
        let attack =
            self.plan.byzantine.iter().find(|(index, _)| *index == member).map(|(_, attack)| *attack);
        match attack {
            None => {
                self.checkers.spoke(member, &say)?;
                self.speak(member, say);
            }
            Some(Attack::Silent) => {}
            Some(Attack::Equivocate) => self.equivocate(member, say),
            Some(Attack::CountTwice) => self.forge(member, say),
            Some(Attack::Misstate) => self.misstate(member, say),
        }
        Ok(())
    }

    pub(crate) fn speak(&mut self, member: u16, say: Say) {
        let Some((message, to)) = self.signed(member, say) else { return };
        for to in to {
            self.transmit(member, to, message.clone());
        }
    }

    /// What a member says, signed, and to whom; none when its epoch is over or it does not reign.
    pub(crate) fn signed(&self, member: u16, say: Say) -> Option<(Message, Vec<u16>)> {
        let it = &self.members[usize::from(member)];
        let set = it.reigns.as_ref()?.reigning();
        if say.epoch() != set.epoch() {
            return None;
        }
        let to = match &say {
            Say::Vote { to, .. } => to.iter().filter_map(|index| self.number(set, *index)).collect(),
            Say::Timeout { .. } | Say::Proposal { .. } => self.numbers_of(set),
        };
        Some((it.keys.say(say, it.position(set)?, set, &self.notary), to))
    }

    fn number(&self, set: &ValidatorSet, index: ValidatorIndex) -> Option<u16> {
        self.numbers.get(&Peer::of(set.get(index)?)).copied()
    }

    /// The members of a set, by their numbers.
    pub(crate) fn numbers_of(&self, set: &ValidatorSet) -> Vec<u16> {
        set.iter().filter_map(|(index, _)| self.number(set, index)).collect()
    }

    fn show(&mut self, member: u16, to: u16, message: Message) {
        if !self.plan.byzantine.contains(&(member, Attack::Silent)) {
            self.transmit(member, to, message);
        }
    }

    fn send(&mut self, member: u16, to: &Recipients, message: Message) {
        if self.plan.byzantine.contains(&(member, Attack::Silent)) {
            return;
        }
        let Some(reigns) = self.members[usize::from(member)].reigns.clone() else { return };
        let set = reigns.reigning();
        let to = match to {
            Recipients::One(to) => self.number(set, *to).into_iter().collect(),
            Recipients::All => self.numbers_of(set),
        };
        for to in to.into_iter().filter(|to| *to != member) {
            self.transmit(member, to, message.clone());
        }
    }

    pub(crate) fn transmit(&mut self, from: u16, to: u16, message: Message) {
        let arrivals = if from == to { vec![1] } else { self.network.send(from, to) };
        for us in arrivals {
            self.after(us, Happening::Message { to, from, message: message.clone() });
        }
    }

    fn ask(&mut self, from: u16, to: u16, question: QuestionId, request: Request) {
        let life = self.members[usize::from(from)].life;
        if let Some(us) = self.network.send(from, to).first() {
            self.after(*us, Happening::Request { to, from, question, request });
        }
        self.after(QUESTION_US, Happening::NoResponse { to: from, life, question });
    }

    fn respond(&mut self, from: u16, ticket: PeerTicket, response: Response) {
        let Some((to, life, question)) = self.tickets.remove(&ticket) else { return };
        if self.plan.byzantine.contains(&(from, Attack::Silent)) {
            return;
        }
        if let Some(us) = self.network.send(from, to).first() {
            self.after(*us, Happening::Response { to, life, from, question, response });
        }
    }
}
