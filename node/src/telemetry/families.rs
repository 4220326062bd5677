//! The node's metrics by name.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use api::doors::NodeStatus;
use api::metrics::{Family, Labels, MetricsSource, Values};
use p2p::{DropReason, Network};
use proto::message::Kind;
use tokio::sync::watch;

use super::Dropped;
use crate::perform::Performer;

/// Everything the node counts, ready to be read.
pub(crate) fn source(performer: Arc<Performer>, status: watch::Receiver<NodeStatus>) -> MetricsSource {
    MetricsSource::new(move || {
        let told = status.borrow().clone();
        let mut families = node(&performer, &told);
        families.extend(network(&performer.network));
        families
    })
}

fn counter(name: &'static str, help: &'static str, value: u64) -> Family {
    Family { name, help, values: Values::Counter(vec![(Labels::new(), value)]) }
}

fn gauge(name: &'static str, help: &'static str, value: u64) -> Family {
    Family { name, help, values: Values::Gauge(vec![(Labels::new(), value as f64)]) }
}

fn node(performer: &Performer, status: &NodeStatus) -> Vec<Family> {
    let counters = &performer.counters;
    let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let version = vec![("version", status.version.clone())];
    let dropped =
        Dropped::ALL.map(|why| (vec![("reason", why.name().to_owned())], counters.dropped_count(why)));
    let rejected =
        counters.rejected().into_iter().map(|(code, count)| (vec![("reason", code.to_owned())], count));
    let [cosigning, outside] = counters.witnesses();
    let by_outcome = |counts: BTreeMap<&'static str, u64>| {
        counts.into_iter().map(|(outcome, count)| (vec![("outcome", outcome.to_owned())], count)).collect()
    };
    let writes = |file: &str, spread| (vec![("file", file.to_owned())], spread);
    vec![
        Family { name: "build_info", help: "The program.", values: Values::Gauge(vec![(version, 1.0)]) },
        gauge("ready", "Whether the node can serve.", status.ready.into()),
        gauge("consensus_height", "Height of the newest committed block.", status.height),
        gauge("consensus_head_height_seen", "Highest height known to be certified.", status.head_height_seen),
        gauge("consensus_view", "The present view.", status.view),
        counter(
            "consensus_view_timeouts_total",
            "Views that lasted too long.",
            read(&counters.view_timeouts),
        ),
        gauge("log_size", "Leaves of the log.", status.tree_size),
        gauge(
            "checkpoint_size",
            "Leaves under the newest checkpoint that a quorum signed.",
            status.checkpoint_size,
        ),
        gauge("publish_size", "Leaves published as files.", read(&counters.published)),
        counter(
            "publish_failures_total",
            "Times that publishing failed and was begun again.",
            read(&counters.publish_failures),
        ),
        gauge("mempool_entries", "Submissions that wait.", status.mempool_count),
        gauge("mempool_bytes", "Bytes of submissions that wait.", status.mempool_bytes),
        counter("submissions_total", "Submissions judged by the engine.", read(&counters.submissions)),
        Family {
            name: "mempool_rejected_total",
            help: "Submissions that were refused, by the rule's code.",
            values: Values::Counter(rejected.collect()),
        },
        counter("engine_events_total", "Events the engine has taken.", read(&counters.events)),
        gauge("engine_events_waiting", "Events that wait for the engine.", performer.inbox.len() as u64),
        gauge("storage_heights_waiting", "Heights that wait for the store.", performer.store.len() as u64),
        gauge("storage_full", "Whether the store has no room.", counters.is_disk_full().into()),
        counter("journal_records_total", "Safety records made durable.", read(&counters.journal_writes)),
        counter("storage_heights_total", "Change sets made durable.", read(&counters.heights)),
        Family {
            name: "storage_fsync_seconds",
            help: "Time a write takes to become durable.",
            values: Values::Histogram(vec![
                writes("journal", counters.journal.read()),
                writes("store", counters.commits.read()),
            ]),
        },
        Family {
            name: "dropped_total",
            help: "What was dropped before the engine.",
            values: Values::Counter(dropped.to_vec()),
        },
        counter(
            "equivocations_seen_total",
            "Proofs that a validator contradicted itself.",
            read(&counters.equivocations),
        ),
        counter(
            "divergences_seen_total",
            "Cosignatures under another root than ours.",
            read(&counters.divergences),
        ),
        Family {
            name: "witness_requests_total",
            help: "Requests of other logs for a cosignature, by what was answered.",
            values: Values::Counter(by_outcome(cosigning)),
        },
        counter(
            "witness_two_heads_total",
            "Other logs seen with two roots for one size.",
            read(&counters.two_heads),
        ),
        Family {
            name: "outside_witness_asks_total",
            help: "Outside witnesses asked to cosign our log, by what came of it.",
            values: Values::Counter(by_outcome(outside)),
        },
        gauge(
            "witnessed_size",
            "Leaves under the newest checkpoint that an outside witness cosigned.",
            read(&counters.witnessed),
        ),
        Family {
            name: "anchor_asks_total",
            help: "Anchors of checkpoints asked for outside, by how they stood then.",
            values: Values::Counter(by_outcome(counters.anchors())),
        },
        gauge(
            "anchored_size",
            "Leaves under the newest checkpoint with a confirmed anchor.",
            read(&counters.anchored),
        ),
        counter(
            "misbehaviours_seen_total",
            "Deeds of peers that no honest one does.",
            read(&counters.misbehaviours),
        ),
    ]
}

fn network(network: &Network) -> Vec<Family> {
    let stats = network.stats();
    let by_kind = |pick: fn(p2p::stats::Traffic) -> u64| {
        let label = |kind: Kind| vec![("kind", format!("{kind:?}").to_ascii_lowercase())];
        Values::Counter(Kind::ALL.map(|kind| (label(kind), pick(stats.traffic(kind)))).to_vec())
    };
    let label = |reason: DropReason| vec![("reason", format!("{reason:?}").to_ascii_lowercase())];
    let family = |name, help, values| Family { name, help, values };
    vec![
        gauge("p2p_peers", "Validators connected, without this one.", stats.validators_connected),
        gauge("p2p_observers", "Other peers connected.", stats.observers_connected),
        counter("p2p_bans_total", "Times a validator was shut out.", stats.bans),
        family("p2p_messages_received_total", "Messages received whole.", by_kind(|it| it.frames_in)),
        family("p2p_received_bytes_total", "Payload bytes received.", by_kind(|it| it.bytes_in)),
        family("p2p_messages_sent_total", "Messages handed to the transport.", by_kind(|it| it.frames_out)),
        family("p2p_sent_bytes_total", "Payload bytes handed to the transport.", by_kind(|it| it.bytes_out)),
        family(
            "p2p_messages_dropped_total",
            "Messages dropped by the network.",
            Values::Counter(DropReason::ALL.map(|reason| (label(reason), stats.drops(reason))).to_vec()),
        ),
    ]
}
