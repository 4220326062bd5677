//! Whole engines among which one validator of four lies as the bytes say, while the same bytes lose, repeat and reorder
//! what is sent, choose when a write is durable and when a timer runs out, and take the power away.
//!
//! Safety is asked at each step (`arena`). Liveness is asked at the end: with the liar silent and a network that
//! delivers, what is submitted becomes final at all three others.

use arbitrary::{Result, Unstructured};

use super::arena::{Arena, HONEST, LIAR};
use super::fixture::{NETWORK, submission};
use super::liar;

/// Most deeds of one run.
const DEEDS_MAX: usize = 200;
/// Timeouts within which the honest members must be over whatever the liar left behind.
const PATIENCE: usize = 40;

/// One run.
pub fn run(bytes: &[u8]) {
    let mut arena = Arena::new(&NETWORK.ideal);
    let mut u = Unstructured::new(bytes);
    // Bytes at their end make the last deed incomplete, which is no fault.
    let _ = play(&mut arena, &mut u);
    recover(&mut arena);
}

fn play(arena: &mut Arena, u: &mut Unstructured) -> Result<()> {
    let mut deeds = 0;
    while !u.is_empty() && deeds < DEEDS_MAX {
        deeds += 1;
        let member = u.int_in_range(0..=HONEST - 1)?;
        match u.arbitrary::<u8>()? % 20 {
            0 | 1 => arena.settle(),
            2 | 3 => {
                // One arrives early; half of them arrive again later.
                let at = usize::from(u.arbitrary::<u8>()?) % arena.flight.len().max(1);
                let letter = match u.arbitrary::<bool>()? {
                    true => arena.flight.get(at).cloned(),
                    false => arena.flight.remove(at),
                };
                letter.into_iter().for_each(|letter| arena.deliver(letter));
            }
            4 => {
                // What a member was to hear is lost, from everybody.
                arena.flight.retain(|letter| letter.to != member);
            }
            5 | 6 => {
                let timers = arena.timers(member);
                if !timers.is_empty() {
                    let timer = *u.choose(&timers)?;
                    arena.fire(member, timer);
                }
            }
            7 => arena.write_journal(member),
            8 => arena.write_store(member),
            9 => {
                let (journal, store) = (u.int_in_range(0..=3)?, u.int_in_range(0..=3)?);
                arena.crash(member, journal, store);
                arena.start(member);
            }
            10 => arena.submit(member, submission(u.int_in_range(0..=15)?, arena.notary())),
            11 => {
                let request = liar::ask(arena, u)?;
                drop(arena.ask(member, request));
            }
            12 => {
                if let Some(question) = arena.questions.pop_front() {
                    let answer = liar::answer(arena, u)?.filter(|_| question.to == LIAR);
                    arena.answer(&question, answer);
                }
            }
            13 => arena.wait(u64::from(u.arbitrary::<u16>()?)),
            14 => (0..HONEST).for_each(|member| fire_all(arena, member)),
            _ => {
                if let Some(message) = liar::speak(arena, u)? {
                    arena.lore.learn(&message);
                    let alone = u.arbitrary::<bool>()?;
                    for to in (0..HONEST).filter(|to| !alone || *to == member) {
                        arena.send(to, LIAR, message.clone());
                    }
                }
            }
        }
    }
    Ok(())
}

fn fire_all(arena: &mut Arena, member: u16) {
    for timer in arena.timers(member) {
        arena.fire(member, timer);
    }
}

/// The liar is silent, all that is sent arrives, and what is submitted must become final.
fn recover(arena: &mut Arena) {
    let last = submission(1_000, arena.notary());
    arena.settle();
    for member in 0..HONEST {
        arena.submit(member, last.clone());
    }
    for _ in 0..PATIENCE {
        arena.settle();
        if arena.committed(&last) {
            return;
        }
        arena.wait(2_000);
        (0..HONEST).for_each(|member| fire_all(arena, member));
    }
    panic!("nothing is final any more, though nobody lies");
}
