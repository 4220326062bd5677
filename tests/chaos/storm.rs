//! One storm, from the first fault to the verdict.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::deeds::{self, Ongoing};
use crate::enclosure::{Walls, enclosed};
use crate::judge::{Breach, Evidence, judge};
use crate::load::{Load, ask};
use crate::net::{Net, PATIENCE};
use crate::plan::{Name, Plan};
use crate::witness::Witness;
use crate::{audit, author};

/// A short one with every build of the tests.
#[test]
fn a_short_storm_breaks_no_promise() {
    enclosed("storm::a_short_storm_breaks_no_promise", |walls, dir| storm(&Plan::draw(1, 4, 9), walls, dir));
}

/// As long as it is asked to be, from the seed it is asked for: `CHAOS_SEED`, `_NODES` and `_SECONDS`.
#[test]
#[ignore = "a minute by default, and as long as asked"]
fn a_storm_breaks_no_promise() {
    let plan = Plan::draw(asked("SEED", 1), asked("NODES", 4) as usize, asked("SECONDS", 60));
    enclosed("storm::a_storm_breaks_no_promise", |walls, dir| storm(&plan, walls, dir));
}

/// A number from the environment.
pub fn asked(name: &str, default: u64) -> u64 {
    match std::env::var(format!("CHAOS_{name}")) {
        Ok(text) => text.parse().expect("a number"),
        Err(_) => default,
    }
}

/// Runs to completion on threads of its own.
pub fn block_on(future: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(future);
}

fn storm(plan: &Plan, walls: Walls, dir: &Path) {
    block_on(async {
        let Plan { seed, nodes, seconds, episodes } = plan;
        println!("storm: seed {seed}, {nodes} nodes, {seconds} s, {} faults, {walls:?}", episodes.len());
        let net = Arc::new(Net::start(dir, *nodes, walls, *seed).await);
        let (witness, load) = (Witness::start(&net), Load::start(&net));
        let voting = Arc::<Mutex<Vec<(usize, Option<Duration>)>>>::default();
        let begin = Instant::now();
        let mut restarts = Vec::new();
        for step in steps(plan) {
            tokio::time::sleep_until((begin + step.at).into()).await;
            restarts.extend(step.take(&net, begin, &voting).await);
        }
        let elapsed = begin.elapsed();
        for restart in restarts {
            restart.await.expect("a restart is awaited");
        }
        net.ready().await;
        settle(&net).await;
        println!("{:9.3} s  all nodes are ready and take submissions", begin.elapsed().as_secs_f64());
        let under_storm = load.promises();
        let told = load.finish().await;
        let last = told.promises.iter().map(|promise| promise.index).max();
        let logs = audit::logs(&net, 0..*nodes, last.map_or(0, |index| index + 1)).await;
        let seen = witness.finish();

        let mut breaches: Vec<Breach> = Vec::new();
        let receipts = audit::receipts(&net, 0..*nodes, &told.promises, &mut breaches).await;
        let histories = audit::histories(&net, &seen.notes, &mut breaches).await;
        for node in 0..*nodes {
            match audit::contradictions(&net, node).await {
                0 => {}
                count => breaches.push(Breach::Accused { node, count }),
            }
        }
        let denied = told.denied.iter().cloned();
        breaches.extend(denied.map(|(id, fault)| Breach::Denied { id, fault }));
        let leaves = logs[0].len();
        let evidence = Evidence {
            promises: told.promises,
            logs,
            // Heads beyond the common size were signed while the logs were fetched.
            heads: seen.heads.into_iter().filter(|sight| sight.size <= leaves as u64).collect(),
            votes: seen.votes,
        };
        breaches.extend(judge(&evidence));

        let voting = voting.lock().expect("nobody panics with it");
        let known: Vec<Duration> = voting.iter().filter_map(|(_, took)| *took).collect();
        let longest = known.iter().max().copied().unwrap_or_default();
        println!(
            "verdict: {} promises ({under_storm} when the storm was over, after {:.1} s; {} sent again in doubt; slowest \
             {:.1} s), {leaves} leaves the same at {nodes} nodes, {} signed heads, {histories} consistency proofs, \
             {receipts} receipts, {} votes, {} restarts of which {} voted within {PATIENCE:?} (slowest {} ms)",
            evidence.promises.len(),
            elapsed.as_secs_f64(),
            told.doubts,
            told.slowest.as_secs_f64(),
            evidence.heads.len(),
            evidence.votes.len(),
            voting.len(),
            known.len(),
            longest.as_millis(),
        );
        assert!(!evidence.promises.is_empty() && !evidence.heads.is_empty() && !evidence.votes.is_empty());
        assert!(receipts > 0 && histories > 0, "nothing was checked");
        for breach in &breaches {
            println!("BROKEN: {breach}");
        }
        assert!(breaches.is_empty(), "{} broken promises; seed {seed}", breaches.len());
    });
}

/// The beginning or the end of an episode.
struct Step<'a> {
    at: Duration,
    plan: &'a Plan,
    episode: usize,
    ongoing: Arc<Mutex<Option<Ongoing>>>,
    begins: bool,
}

/// What a plan asks for, one thing after another.
fn steps(plan: &Plan) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    for (number, episode) in plan.episodes.iter().enumerate() {
        let ongoing = Arc::default();
        for (at, begins) in [(episode.at, true), (episode.at + episode.lasts, false)] {
            steps.push(Step { at, plan, episode: number, ongoing: Arc::clone(&ongoing), begins });
        }
    }
    steps.sort_by_key(|step| step.at);
    steps
}

/// A node that was started again, and how long it took until it voted.
type Restarts = Arc<Mutex<Vec<(usize, Option<Duration>)>>>;

impl Step<'_> {
    async fn take(
        self,
        net: &Arc<Net>,
        begin: Instant,
        voting: &Restarts,
    ) -> Vec<tokio::task::JoinHandle<()>> {
        let fault = &self.plan.episodes[self.episode].fault;
        let say = |word: &str, note: &str| {
            let note = if note.is_empty() { String::new() } else { format!(" ({note})") };
            println!("{:9.3} s  {word} {fault}{note}", begin.elapsed().as_secs_f64());
        };
        if self.begins {
            let (ongoing, note) = deeds::begin(net, fault).await;
            say("begin:", &note);
            *self.ongoing.lock().expect("nobody panics with it") = Some(ongoing);
            return Vec::new();
        }
        let ongoing = self.ongoing.lock().expect("nobody panics with it").take();
        let (dead, note) = match ongoing {
            Some(ongoing) => deeds::end(net, ongoing).await,
            None => return Vec::new(),
        };
        say("  end:", &note);
        let restart = |node| {
            let (net, voting) = (Arc::clone(net), Arc::clone(voting));
            tokio::spawn(async move {
                let took = deeds::boot_until_it_votes(net, node).await;
                let (now, name) = (begin.elapsed().as_secs_f64(), Name(node));
                match took {
                    Some(took) => {
                        println!("{now:9.3} s    {name} votes, {} ms after its start", took.as_millis())
                    }
                    None => println!("{now:9.3} s    {name} has not voted within {PATIENCE:?}"),
                }
                voting.lock().expect("nobody panics with it").push((node, took));
            })
        };
        dead.into_iter().map(restart).collect()
    }
}

/// Waits until every node brings a submission to its end.
async fn settle(net: &Net) {
    for node in 0..net.len() {
        let nonce = u64::MAX - node as u64;
        let submission =
            author::signed(&net.topology.network, &author::author(), nonce, author::proof(nonce));
        let until = Instant::now() + PATIENCE;
        while ask(net, node, submission.bytes()).await.expect("nothing is wrong with it").is_none() {
            assert!(Instant::now() < until, "{} brings nothing to its end", Name(node));
        }
    }
}
