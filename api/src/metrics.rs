//! Metrics in the Prometheus text format.
//!
//! Names begin with `quorate_`, units are base units, `_total` stands on counters only. The node hands over families
//! of values when it is asked; what the window itself counts is kept here.
//! Source: Prometheus exposition formats, text version 0.0.4.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Label names and values.
pub type Labels = Vec<(&'static str, String)>;

/// All values of one name.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// The name, without the prefix.
    pub name: &'static str,
    /// What it counts, in one line.
    pub help: &'static str,
    /// The values.
    pub values: Values,
}

/// Values by labels.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Only ever grow.
    Counter(Vec<(Labels, u64)>),
    /// Go up and down.
    Gauge(Vec<(Labels, f64)>),
    /// Are spread over ranges.
    Histogram(Vec<(Labels, Spread)>),
}

/// How observations are spread.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spread {
    /// Upper bounds, ascending, each with the number of observations at or below it.
    pub buckets: Vec<(f64, u64)>,
    /// Sum of the observations.
    pub sum: f64,
    /// Number of the observations.
    pub count: u64,
}

/// Asks the node for its families.
#[derive(Clone)]
pub struct MetricsSource(Arc<dyn Fn() -> Vec<Family> + Send + Sync>);

impl MetricsSource {
    /// A source; `read` must not block.
    pub fn new(read: impl Fn() -> Vec<Family> + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    pub(crate) fn read(&self) -> Vec<Family> {
        (self.0)()
    }
}

impl Default for MetricsSource {
    /// A node that counts nothing.
    fn default() -> Self {
        Self::new(Vec::new)
    }
}

/// Upper bounds of request times, in seconds.
const SECONDS: [f64; 10] = [0.001, 0.005, 0.02, 0.1, 0.25, 0.5, 1.0, 5.0, 20.0, 60.0];

#[derive(Debug, Default)]
struct Times {
    buckets: [u64; SECONDS.len()],
    sum: Duration,
    count: u64,
}

#[derive(Debug, Default)]
struct Requests {
    by_code: BTreeMap<(&'static str, &'static str), u64>,
    times: BTreeMap<&'static str, Times>,
}

/// What the window counts. Its labels come from our own tables, so their number is bounded.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    requests: Mutex<Requests>,
    panics: AtomicU64,
    unnoted: AtomicU64,
}

impl Counters {
    /// Counts one answer.
    pub(crate) fn answered(&self, method: &'static str, code: &'static str, took: Duration) {
        let mut requests = self.lock();
        *requests.by_code.entry((method, code)).or_default() += 1;
        let times = requests.times.entry(method).or_default();
        for (bucket, bound) in times.buckets.iter_mut().zip(SECONDS) {
            *bucket += u64::from(took.as_secs_f64() <= bound);
        }
        times.sum = times.sum.saturating_add(took);
        times.count += 1;
    }

    /// Counts a handler that panicked.
    pub(crate) fn panicked(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a request that should have been noted and found no room.
    pub(crate) fn unnoted(&self) {
        self.unnoted.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn families(&self) -> Vec<Family> {
        let requests = self.lock();
        let by_code = requests.by_code.iter().map(|((method, code), count)| {
            (vec![("method", (*method).to_owned()), ("code", (*code).to_owned())], *count)
        });
        let times = requests.times.iter().map(|(method, times)| {
            let Times { buckets, sum, count } = times;
            let buckets = SECONDS.into_iter().zip(buckets.iter().copied()).collect();
            let spread = Spread { buckets, sum: sum.as_secs_f64(), count: *count };
            (vec![("method", (*method).to_owned())], spread)
        });
        vec![
            Family {
                name: "rpc_requests_total",
                help: "Calls answered, by method and by the code of the error or ok.",
                values: Values::Counter(by_code.collect()),
            },
            Family {
                name: "rpc_request_seconds",
                help: "Time to answer, in seconds, waiting included.",
                values: Values::Histogram(times.collect()),
            },
            Family {
                name: "rpc_panics_total",
                help: "Requests that met a fault in the node.",
                values: Values::Counter(vec![(Vec::new(), self.panics.load(Ordering::Relaxed))]),
            },
            Family {
                name: "security_log_lost_total",
                help: "Requests that the security log had no room for.",
                values: Values::Counter(vec![(Vec::new(), self.unnoted.load(Ordering::Relaxed))]),
            },
        ]
    }

    /// No code panics while it holds this lock; a count that is off by one would be bearable anyway.
    fn lock(&self) -> MutexGuard<'_, Requests> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The families as text.
pub(crate) fn text(families: &[Family]) -> String {
    let mut out = String::new();
    for Family { name, help, values } in families {
        let kind = match values {
            Values::Counter(_) => "counter",
            Values::Gauge(_) => "gauge",
            Values::Histogram(_) => "histogram",
        };
        line(&mut out, format_args!("# HELP quorate_{name} {help}"));
        line(&mut out, format_args!("# TYPE quorate_{name} {kind}"));
        match values {
            Values::Counter(list) => {
                for (labels, value) in list {
                    line(&mut out, format_args!("quorate_{name}{} {value}", braces(labels, None)));
                }
            }
            Values::Gauge(list) => {
                for (labels, value) in list {
                    line(&mut out, format_args!("quorate_{name}{} {value}", braces(labels, None)));
                }
            }
            Values::Histogram(list) => list.iter().for_each(|(labels, spread)| {
                histogram(&mut out, name, labels, spread);
            }),
        }
    }
    out
}

fn histogram(out: &mut String, name: &str, labels: &Labels, spread: &Spread) {
    for (bound, count) in &spread.buckets {
        line(out, format_args!("quorate_{name}_bucket{} {count}", braces(labels, Some(&bound.to_string()))));
    }
    line(out, format_args!("quorate_{name}_bucket{} {}", braces(labels, Some("+Inf")), spread.count));
    line(out, format_args!("quorate_{name}_sum{} {}", braces(labels, None), spread.sum));
    line(out, format_args!("quorate_{name}_count{} {}", braces(labels, None), spread.count));
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{text}").expect("a string takes any text");
}

fn braces(labels: &Labels, bound: Option<&str>) -> String {
    let escape = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let mut parts: Vec<String> =
        labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escape(value))).collect();
    parts.extend(bound.map(|bound| format!("le=\"{bound}\"")));
    match parts.is_empty() {
        true => String::new(),
        false => format!("{{{}}}", parts.join(",")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_written_as_prometheus_reads_them() {
        let families = [
            Family {
                name: "p2p_messages_dropped_total",
                help: "Messages dropped.",
                values: Values::Counter(vec![(vec![("reason", "a\"b\\c\nd".to_owned())], 3)]),
            },
            Family { name: "height", help: "Height.", values: Values::Gauge(vec![(Vec::new(), 1.5)]) },
            Family {
                name: "seconds",
                help: "Time.",
                values: Values::Histogram(vec![(
                    Vec::new(),
                    Spread { buckets: vec![(0.5, 1)], sum: 2.0, count: 2 },
                )]),
            },
        ];
        let expected = "# HELP quorate_p2p_messages_dropped_total Messages dropped.\n\
            # TYPE quorate_p2p_messages_dropped_total counter\n\
            quorate_p2p_messages_dropped_total{reason=\"a\\\"b\\\\c\\nd\"} 3\n\
            # HELP quorate_height Height.\n# TYPE quorate_height gauge\nquorate_height 1.5\n\
            # HELP quorate_seconds Time.\n# TYPE quorate_seconds histogram\n\
            quorate_seconds_bucket{le=\"0.5\"} 1\nquorate_seconds_bucket{le=\"+Inf\"} 2\n\
            quorate_seconds_sum 2\nquorate_seconds_count 2\n";
        assert_eq!(text(&families), expected);
    }

    #[test]
    fn times_fall_into_every_bucket_above_them() {
        let counters = Counters::default();
        counters.answered("m", "ok", Duration::from_millis(3));
        counters.answered("m", "busy", Duration::from_secs(90));
        let text = text(&counters.families());
        for expected in [
            "quorate_rpc_requests_total{method=\"m\",code=\"busy\"} 1",
            "quorate_rpc_request_seconds_bucket{method=\"m\",le=\"0.001\"} 0",
            "quorate_rpc_request_seconds_bucket{method=\"m\",le=\"0.005\"} 1",
            "quorate_rpc_request_seconds_bucket{method=\"m\",le=\"60\"} 1",
            "quorate_rpc_request_seconds_count{method=\"m\"} 2",
        ] {
            assert!(text.contains(expected), "{expected} in {text}");
        }
    }
}
