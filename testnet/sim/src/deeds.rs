//! What the shell of a simulated member does: commands become happenings.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use consensus::{Gated, Recipients, Say};
use engine::event::{PeerTicket, QuestionId};
use engine::{Alarm, Answer, Command, Event, JournalWrite, Peer, Reigns};
use proto::canonical::Canonical as _;
use proto::counter::{Epoch, Height};
use proto::id::{BlockId, ValidatorIndex};
use proto::message::{Message, Request, Response};
use proto::validators::ValidatorSet;

use crate::checkers::Violation;
use crate::crash::{Effect, Mode};
use crate::disk::WriteFailed;
use crate::fault::Fault;
use crate::letter::Letter;
use crate::lies;
use crate::plan::{Attack, ShellDefect};
use crate::release;
use crate::world::{Happening, World};

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
            // It stopped in the middle: what it wanted besides is not done.
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
                    let us = self.write_us(member);
                    let gate = self.as_defect_has_it(gate, &mut queue);
                    self.members[usize::from(member)].disk.journal.push_back(gate);
                    self.write_begins(member, us);
                    self.after(us, Happening::JournalWritten { member, life });
                }
                Command::Store(gate) => {
                    let us = self.write_us(member);
                    // The seeded defect: what follows does not wait.
                    let gate = match self.plan.defect == Some(ShellDefect::TellBeforeStored) {
                        true => {
                            let write = gate.write().clone();
                            let then = gate.open(|_| Ok::<(), std::convert::Infallible>(()));
                            queue.extend(then.unwrap_or_default());
                            Gated::new(write, Vec::new())
                        }
                        false => gate,
                    };
                    self.members[usize::from(member)].disk.changes.push_back(gate);
                    self.after(us, Happening::StoreWritten { member, life });
                }
                Command::Say(say) => self.say(member, say)?,
                Command::Cosign { head, set, signer } => {
                    let found = self.checkers.cosigned(member, head, &self.reader(member));
                    self.judge(member, found)?;
                    let it = &self.members[usize::from(member)];
                    let time_s = it.clock.show(self.now_us).seconds();
                    let cosignature = it.keys.cosign(head, signer, time_s, &set, &self.cast.notary);
                    let letter = self.letter(member, Message::Cosignature(cosignature));
                    self.after(1, Happening::Message { to: member, from: member, letter });
                }
                Command::Reign(reigns) => self.reign(member, reigns)?,
                Command::Show { to, message } => {
                    if let Some(to) = self.numbers.get(&to).copied() {
                        self.show(member, to, message);
                    }
                }
                Command::Send { to, message } => self.send(member, &to, message),
                Command::Ask { to, question, request } => match self.numbers.get(&to).copied() {
                    Some(to) => self.ask(member, to, question, request),
                    None => self.after(0, Happening::NoResponse { to: member, life, question }),
                },
                Command::Respond { ticket, response } => self.respond(member, ticket, response),
                Command::StartTimer { timer, after_ms } => {
                    let start = self.sequence;
                    let it = &mut self.members[usize::from(member)];
                    it.timers.insert(timer, start);
                    let us = it.clock.timer_us(after_ms);
                    // The seeded defect: nobody wakes a member that has crashed once.
                    if self.plan.defect != Some(ShellDefect::TimersLost) || life == 1 {
                        self.after(us, Happening::Timer { member, life, timer, start });
                    }
                }
                Command::StopTimer { timer } => {
                    self.members[usize::from(member)].timers.remove(&timer);
                }
                Command::Answer { answer: Answer::Known { id, outcome }, .. } => {
                    if !self.is_byzantine(member) {
                        let found = self.checkers.told(member, id, &outcome);
                        self.judge(member, found)?;
                    }
                }
                Command::Answer { .. } | Command::Announce(_) => {}
                Command::Publish(notices) => self.published(member, notices)?,
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

    /// A journal write as a shell with a seeded defect makes it; else as it is.
    fn as_defect_has_it(
        &self,
        gate: Gated<JournalWrite, Command>,
        queue: &mut VecDeque<Command>,
    ) -> Gated<JournalWrite, Command> {
        match self.plan.defect {
            // What follows does not wait.
            Some(ShellDefect::SpeakBeforeDurable) => {
                let write = gate.write().clone();
                let then = gate.open(|_| Ok::<(), std::convert::Infallible>(()));
                queue.extend(then.unwrap_or_default());
                Gated::new(write, Vec::new())
            }
            Some(ShellDefect::BodyNotJournaled) => {
                gate.map(|write| JournalWrite { body: None, ..write }, |command| command)
            }
            Some(
                ShellDefect::LockNotRestored
                | ShellDefect::Amnesia
                | ShellDefect::TellBeforeStored
                | ShellDefect::FailedWriteIgnored
                | ShellDefect::LossForgotten
                | ShellDefect::OutcomesForgotten
                | ShellDefect::StoreRolledBack
                | ShellDefect::TileReplaced
                | ShellDefect::LeavesReplaced
                | ShellDefect::TimersLost,
            )
            | None => gate,
        }
    }

    /// A member's store has new durable content.
    pub(crate) fn check_stored(&mut self, member: u16) -> Result<(), Violation> {
        if !self.is_byzantine(member) {
            let reader = self.reader(member);
            // Ids of journaled blocks were computed when they were written.
            let journals = self.members.iter().flat_map(|it| &it.disk.blocks);
            let parents: BTreeMap<BlockId, (BlockId, Epoch)> =
                journals.map(|(id, it)| (*id, (it.block.parent, it.block.epoch))).collect();
            let found = self.checkers.stored(member, &reader, |id| parents.get(id).copied());
            if let Some((height, block, epoch)) = self.judge(member, found)? {
                let holders = self.honest().filter(|it| self.holds(*it, height, block)).collect();
                let found = self.checkers.durable(height, block, epoch, &holders);
                self.judge(member, found)?;
                self.committed(height);
            }
        }
        Ok(())
    }

    /// Whether a member has a block's body where a crash leaves it.
    fn holds(&self, member: u16, height: Height, block: BlockId) -> bool {
        let disk = &self.members[usize::from(member)].disk;
        height == Height::ZERO
            || self.checkers.has_reached(member, height)
            || disk.blocks.iter().any(|(id, _)| *id == block)
            || self.reader(member).height_of(&block).is_ok_and(|found| found.is_some())
    }

    /// A write failed: the member stops, as the shell does.
    pub(crate) fn refused(&mut self, member: u16, failed: WriteFailed) -> Result<(), Violation> {
        match failed {
            WriteFailed::Wanted(fault) => {
                self.outcomes.strikes.strike(fault);
                self.outcomes.crashes += 1;
                self.stop(member, fault.name());
                Ok(())
            }
            WriteFailed::File(fault) => {
                Err(Violation(format!("v{member} cannot write its journal: {fault}")))
            }
        }
    }

    fn alarm(&mut self, member: u16, alarm: Alarm) -> Result<(), Violation> {
        match alarm {
            Alarm::Equivocation(evidence) => {
                self.note(15, u64::from(member), || format!("v{member} accuses"));
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
            // The log that a lying peer gives does not hold, as it should be found.
            Alarm::UntrueLog { peer, .. }
                if self.numbers.get(&peer).is_some_and(|peer| self.is_byzantine(*peer)) =>
            {
                Ok(())
            }
            Alarm::UntrueLog { peer, fault } => {
                Err(Violation(format!("v{member} on the log of {peer:?}: {fault}")))
            }
            Alarm::Fatal(fault) if self.members[usize::from(member)].disk.is_damaged() => {
                self.outcomes.noticed += 1;
                self.stop(member, &fault);
                Ok(())
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
        match self.plan.attack(member) {
            None => {
                let found = self.checkers.spoke(member, &say);
                self.judge(member, found)?;
                self.speak(member, say);
            }
            // They say what they think is right.
            Some(Attack::Amnesia | Attack::LyingPeer) => self.speak(member, say),
            Some(Attack::Silent) => {}
            Some(Attack::Equivocate) => self.equivocate(member, say),
            Some(Attack::DoubleVote) => self.vote_twice(member, say),
            Some(Attack::CountTwice) => self.forge(member, say),
            Some(Attack::Misstate) => self.misstate(member, say),
        }
        Ok(())
    }

    pub(crate) fn speak(&mut self, member: u16, say: Say) {
        let Some((letter, to)) = self.signed(member, say) else { return };
        for to in to {
            self.transmit(member, to, &letter);
        }
    }

    /// What a member says, signed, and to whom; none when its epoch is over or it does not reign.
    pub(crate) fn signed(&self, member: u16, say: Say) -> Option<(Rc<Letter>, Vec<u16>)> {
        let it = &self.members[usize::from(member)];
        let set = it.reigns.as_ref()?.reigning();
        if say.epoch() != set.epoch() {
            return None;
        }
        let to = match &say {
            Say::Vote { to, .. } => to.iter().filter_map(|index| self.number(set, *index)).collect(),
            Say::Timeout { .. } | Say::Proposal { .. } => self.numbers_of(set),
        };
        let message = it.keys.say(say, it.position(set)?, set, &self.cast.notary);
        Some((self.letter(member, message), to))
    }

    pub(crate) fn letter(&self, from: u16, message: Message) -> Rc<Letter> {
        Rc::new(Letter::new(self.members[usize::from(from)].peer(), message))
    }

    pub(crate) fn number(&self, set: &ValidatorSet, index: ValidatorIndex) -> Option<u16> {
        self.numbers.get(&Peer::of(set.get(index)?)).copied()
    }

    /// The members of a set, by their numbers.
    pub(crate) fn numbers_of(&self, set: &ValidatorSet) -> Vec<u16> {
        set.iter().filter_map(|(index, _)| self.number(set, index)).collect()
    }

    /// An engine says who reigns.
    fn reign(&mut self, member: u16, reigns: Arc<Reigns>) -> Result<(), Violation> {
        for set in reigns.sets() {
            let members = self.numbers_of(set);
            let found = self.checkers.reigns(member, set.epoch(), members);
            self.judge(member, found)?;
        }
        self.members[usize::from(member)].reigns = Some(reigns);
        Ok(())
    }

    fn show(&mut self, member: u16, to: u16, message: Message) {
        if self.plan.attack(member) != Some(Attack::Silent) {
            let letter = self.letter(member, message);
            self.transmit(member, to, &letter);
        }
    }

    fn send(&mut self, member: u16, to: &Recipients, message: Message) {
        if self.plan.attack(member) == Some(Attack::Silent) {
            return;
        }
        let Some(reigns) = self.members[usize::from(member)].reigns.clone() else { return };
        let set = reigns.reigning();
        let to = match to {
            Recipients::One(to) => self.number(set, *to).into_iter().collect(),
            Recipients::All => self.numbers_of(set),
        };
        let letter = self.letter(member, message);
        for to in to.into_iter().filter(|to| *to != member) {
            self.transmit(member, to, &letter);
        }
    }

    pub(crate) fn transmit(&mut self, from: u16, to: u16, letter: &Rc<Letter>) {
        if from == to {
            return self.after(1, Happening::Message { to, from, letter: Rc::clone(letter) });
        }
        self.outcomes.messages += 1;
        if self.measures {
            self.outcomes.bytes += release::frame(&letter.message).1.len() as u64;
        }
        let mut letter = Rc::clone(letter);
        if let Some(per_mille) = self.befallen.amount(Fault::MixedVersion, from)
            && self.liars.chance(per_mille)
        {
            self.outcomes.strikes.strike(Fault::MixedVersion);
            match release::translated(&letter.message, &mut self.liars) {
                Some(message) => letter = self.letter(from, message),
                None => return,
            }
        }
        let arrivals = self.network.send(from, to, self.now_us, &mut self.outcomes.strikes);
        for us in [arrivals.first, arrivals.second].into_iter().flatten() {
            self.arrive(to, us, Happening::Message { to, from, letter: Rc::clone(&letter) });
        }
    }

    fn ask(&mut self, from: u16, to: u16, question: QuestionId, request: Request) {
        let life = self.members[usize::from(from)].life;
        self.outcomes.messages += 1;
        if self.measures {
            self.outcomes.bytes += request.encode().len() as u64;
        }
        if let Some(us) = self.network.send(from, to, self.now_us, &mut self.outcomes.strikes).first {
            self.arrive(to, us, Happening::Request { to, from: (from, life), question, request });
        }
        self.after(QUESTION_US, Happening::NoResponse { to: from, life, question });
    }

    /// A member is asked.
    pub(crate) fn questioned(
        &mut self,
        to: u16,
        (from, life): (u16, u64),
        question: QuestionId,
        request: Request,
    ) -> Result<(), Violation> {
        if self.is_byzantine(to)
            && let Some(response) = self.made_up(&request)
        {
            self.after(1_000, Happening::Response { to: from, life, from: to, question, response });
            return Ok(());
        }
        let ticket = PeerTicket(self.sequence);
        self.tickets.insert(ticket, (from, life, question, request.clone()));
        self.step(to, Event::Request { ticket, request })
    }

    fn respond(&mut self, from: u16, ticket: PeerTicket, response: Response) {
        let Some((to, life, question, request)) = self.tickets.remove(&ticket) else { return };
        let response = match self.plan.attack(from) {
            Some(Attack::Silent) => None,
            Some(Attack::LyingPeer) => {
                self.outcomes.strikes.strike(lies::CLASS);
                let stale = self.stale(from);
                lies::lie(&request, response, stale, &mut self.liars)
            }
            Some(
                Attack::Equivocate
                | Attack::DoubleVote
                | Attack::CountTwice
                | Attack::Misstate
                | Attack::Amnesia,
            )
            | None => Some(response),
        };
        let Some(response) = response else { return };
        self.outcomes.messages += 1;
        if self.measures {
            self.outcomes.bytes += response.encode().len() as u64;
        }
        if let Some(us) = self.network.send(from, to, self.now_us, &mut self.outcomes.strikes).first {
            self.arrive(to, us, Happening::Response { to, life, from, question, response });
        }
    }

    /// The first blocks of a member's chain: true, and of no use to anybody.
    fn stale(&self, member: u16) -> Response {
        let reader = self.reader(member);
        let block = |height| reader.block(Height::new(height)).ok().flatten();
        Response::Blocks((1..=3).filter_map(block).collect())
    }
}
