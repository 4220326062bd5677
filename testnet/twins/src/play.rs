//! One scenario from beginning to end: the scripted views, then a healed network that must commit again.
//!
//! Time is logical. In each view letters are delivered until all is quiet; then its timers fire, first those that come
//! earlier in life (the relay of a certificate), then those that end the view. If no group can leave a view, its timeouts
//! reach everybody in the end, as they are repeated until they do. Who lags catches up with whoever it may hear later.

use std::sync::Arc;

use consensus::Timer;
use proto::counter::View;
use proto::validators::ValidatorSet;

use crate::adversary::Adversary;
use crate::net::Net;
use crate::scenario::Scenario;
use crate::watch::Violation;

/// Views after which a healed network that has not committed is stuck. Twins that vote against each other cost each
/// view they lead or collect; three good views in a row commit.
pub const HEAL_VIEWS_MAX: u64 = 24;

/// What a scenario came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Letters delivered.
    pub letters: u64,
    /// Blocks committed.
    pub height: u64,
    /// Blocks committed before the network healed.
    pub scripted_height: u64,
    /// Views from the healing to a new commit at every honest instance.
    pub heal_views: u64,
    /// Contradictions proved by honest instances.
    pub accusations: u64,
}

/// Runs a scenario.
///
/// # Errors
/// The first promise broken.
pub fn play(set: &Arc<ValidatorSet>, scenario: &Scenario) -> Result<Outcome, Violation> {
    let net = Net::new(Arc::clone(set), &scenario.indices, scenario.groups.clone(), None);
    run(net, scenario.groups.len()).map(|(outcome, _)| outcome)
}

/// Runs a network through its scripted views and heals it. Returns the adversary with its tally.
///
/// # Errors
/// The first promise broken.
pub fn run(mut net: Net, views: usize) -> Result<(Outcome, Option<Adversary>), Violation> {
    let views = views as u64;
    for view in 1..=views {
        end_view(&mut net, View::new(view))?;
    }
    let scripted_height = net.watcher.height().get();
    // Whatever waits since the script is delivered now; what counts is a block proposed after it.
    let healed = net.views().1.max(View::new(views));
    let foul = net.adversary.as_ref().map(|it| it.instance);
    let lasts = |net: &Net| {
        let late = |at: &usize| Some(*at) != foul && net.instances[*at].committed_view <= healed;
        (0..net.instances.len()).find(late)
    };
    let mut view = View::new(views);
    while let Some(instance) = lasts(&net) {
        if view.get() >= healed.get() + HEAL_VIEWS_MAX {
            return Err(Violation::Stuck { instance, views: HEAL_VIEWS_MAX });
        }
        view = view.next();
        end_view(&mut net, view)?;
    }
    let outcome = Outcome {
        letters: net.delivered,
        height: net.watcher.height().get(),
        scripted_height,
        heal_views: view.get().saturating_sub(healed.get()),
        accusations: net.watcher.accusations,
    };
    Ok((outcome, net.adversary))
}

/// Runs until somebody has left `view`, if it can be left, and everybody who can has.
fn end_view(net: &mut Net, view: View) -> Result<(), Violation> {
    net.raise(view);
    net.settle()?;
    net.fire(is_relay);
    net.settle()?;
    net.fire(is_last);
    net.settle()?;
    // Stale timeouts are answered with certificates: at most a few rounds until somebody has left.
    for _ in 0..4 {
        if net.views().1 > view {
            break;
        }
        net.leak = true;
        net.fire(is_last);
        net.settle()?;
        net.leak = false;
    }
    Ok(())
}

const fn is_relay(timer: &Timer) -> bool {
    match timer {
        Timer::Relay { .. } => true,
        Timer::View { .. } | Timer::Resend { .. } | Timer::Heartbeat { .. } | Timer::Fetch { .. } => false,
    }
}

const fn is_last(timer: &Timer) -> bool {
    match timer {
        Timer::View { .. } | Timer::Resend { .. } | Timer::Fetch { .. } => true,
        Timer::Relay { .. } | Timer::Heartbeat { .. } => false,
    }
}
