//! A report as a picture: latencies over the rates offered, both axes in powers of ten, as plain SVG.

use std::fmt::Write as _;

use super::report::{Latency, Report, Row};

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 480.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 200.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 60.0;

/// A line of the picture.
struct Series {
    label: &'static str,
    colour: &'static str,
    dashed: bool,
    pick: fn(&Row) -> Option<f64>,
}

/// Dark for final, light for what comes before; dashed are medians.
const SERIES: [Series; 7] = [
    line("receipt p99", "#7b3294", |row| p99(row.receipt_ms)),
    line("final p99", "#b2182b", |row| p99(row.finalized_ms)),
    dashes("final p50", "#b2182b", |row| p50(row.finalized_ms)),
    line("committed p99", "#e08214", |row| p99(row.committed_ms)),
    dashes("committed p50", "#e08214", |row| p50(row.committed_ms)),
    line("accepted p99", "#2166ac", |row| p99(row.accepted_ms)),
    dashes("accepted p50", "#2166ac", |row| p50(row.accepted_ms)),
];

const fn line(label: &'static str, colour: &'static str, pick: fn(&Row) -> Option<f64>) -> Series {
    Series { label, colour, dashed: false, pick }
}

const fn dashes(label: &'static str, colour: &'static str, pick: fn(&Row) -> Option<f64>) -> Series {
    Series { label, colour, dashed: true, pick }
}

fn p50(latency: Option<Latency>) -> Option<f64> {
    latency.map(|latency| latency.p50)
}

fn p99(latency: Option<Latency>) -> Option<f64> {
    latency.map(|latency| latency.p99)
}

/// An axis in powers of ten, from one whole power to another.
struct Axis {
    from: i32,
    to: i32,
    /// Where its ends are drawn.
    ends: (f64, f64),
}

impl Axis {
    /// An axis on which all these values have room.
    fn around(values: impl Iterator<Item = f64> + Clone, ends: (f64, f64)) -> Self {
        let values = values.filter(|value| value.is_finite() && *value > 0.0);
        let least = values.clone().fold(f64::INFINITY, f64::min);
        let most = values.fold(0.0, f64::max);
        let (from, to) = match most > 0.0 {
            true => (least.log10().floor() as i32, most.log10().ceil() as i32),
            false => (0, 1),
        };
        Self { from, to: to.max(from + 1), ends }
    }

    fn at(&self, value: f64) -> f64 {
        let part = (value.log10() - f64::from(self.from)) / f64::from(self.to - self.from);
        self.ends.0 + part * (self.ends.1 - self.ends.0)
    }

    /// Where lines are drawn, and what is written beside them: at 1, 2 and 5 of each power.
    fn ticks(&self) -> Vec<(f64, f64)> {
        let powers = (self.from..=self.to).flat_map(|power| [1.0, 2.0, 5.0].map(|part| (power, part)));
        let ticks = powers.filter(|(power, part)| *power < self.to || *part < 2.0);
        ticks.map(|(power, part)| part * 10_f64.powi(power)).map(|value| (value, self.at(value))).collect()
    }
}

/// The report as SVG.
pub fn svg(report: &Report) -> String {
    let rates = report.rows.iter().map(|row| f64::from(row.rate));
    let values = SERIES.iter().flat_map(|series| report.rows.iter().filter_map(series.pick));
    let x = Axis::around(rates, (LEFT, WIDTH - RIGHT));
    let y = Axis::around(values, (HEIGHT - BOTTOM, TOP));
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" \
         height=\"{HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n"
    );
    let title = format!("{} nodes, {}", report.urls.len(), report.date);
    text(&mut out, (LEFT, TOP - 20.0), "start", &format!("Latency from due to done: {title}"));
    for (value, at) in x.ticks() {
        rule(&mut out, (at, TOP), (at, HEIGHT - BOTTOM));
        text(&mut out, (at, HEIGHT - BOTTOM + 18.0), "middle", &number(value));
    }
    for (value, at) in y.ticks() {
        rule(&mut out, (LEFT, at), (WIDTH - RIGHT, at));
        text(&mut out, (LEFT - 8.0, at + 4.0), "end", &number(value));
    }
    text(
        &mut out,
        (f64::midpoint(LEFT, WIDTH - RIGHT), HEIGHT - 16.0),
        "middle",
        "submissions offered a second",
    );
    text(&mut out, (12.0, TOP - 20.0), "start", "ms");
    for (place, series) in SERIES.iter().enumerate() {
        curve(&mut out, series, &report.rows, &x, &y);
        let at = TOP + 12.0 + 22.0 * place as f64;
        stroke(
            &mut out,
            series,
            &format!("{:.1},{at:.1} {:.1},{at:.1}", WIDTH - RIGHT + 16.0, WIDTH - RIGHT + 48.0),
        );
        text(&mut out, (WIDTH - RIGHT + 56.0, at + 4.0), "start", series.label);
    }
    out.push_str("</svg>\n");
    out
}

fn curve(out: &mut String, series: &Series, rows: &[Row], x: &Axis, y: &Axis) {
    let mut points: Vec<(u32, f64)> =
        rows.iter().filter_map(|row| Some((row.rate, (series.pick)(row).filter(|ms| *ms > 0.0)?))).collect();
    points.sort_by_key(|(rate, _)| *rate);
    let places: Vec<(f64, f64)> =
        points.iter().map(|(rate, ms)| (x.at(f64::from(*rate)), y.at(*ms))).collect();
    let line: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    stroke(out, series, &line.join(" "));
    for (x, y) in places {
        // Writing into a string does not fail.
        let _ = writeln!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{}\"/>", series.colour);
    }
}

fn stroke(out: &mut String, series: &Series, points: &str) {
    let dashes = if series.dashed { " stroke-dasharray=\"5 4\"" } else { "" };
    let _ = writeln!(
        out,
        "<polyline points=\"{points}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"{dashes}/>",
        series.colour
    );
}

fn rule(out: &mut String, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
    let _ = writeln!(
        out,
        "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"#dddddd\"/>"
    );
}

fn text(out: &mut String, (x, y): (f64, f64), anchor: &str, words: &str) {
    let words = words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{words}</text>");
}

/// A tick's value, without digits that say nothing.
fn number(value: f64) -> String {
    match value < 1.0 {
        true => format!("{value:.3}").trim_end_matches('0').to_owned(),
        false => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::tests::{report, row};

    /// The names of all elements, if each that is opened is closed in its turn and no text holds a bare sign.
    fn elements(svg: &str) -> Vec<String> {
        let (mut open, mut all) = (Vec::new(), Vec::new());
        for part in svg.split('<').skip(1) {
            let (tag, rest) = part.split_once('>').expect("a tag ends");
            assert!(!rest.contains('>'), "a bare sign in {rest:?}");
            for (at, _) in rest.match_indices('&') {
                assert!(["&amp;", "&lt;", "&gt;"].iter().any(|it| rest[at..].starts_with(it)), "{rest:?}");
            }
            assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
            let name = tag.trim_start_matches('/').split([' ', '/']).next().expect("a name").to_owned();
            match (tag.starts_with('/'), tag.ends_with('/')) {
                (true, _) => assert_eq!(open.pop(), Some(name), "closed in turn"),
                (false, true) => all.push(name),
                (false, false) => {
                    all.push(name.clone());
                    open.push(name);
                }
            }
        }
        assert!(open.is_empty(), "left open: {open:?}");
        all
    }

    #[test]
    fn a_picture_is_well_formed_and_shows_every_point_inside() {
        let mut report = report(vec![row(100, 40.0), row(5_000, 8_000.0), row(1_000, 90.0)]);
        report.date = "<2026> & on".to_owned();
        let svg = svg(&report);
        let found = elements(&svg);
        let count = |name: &str| found.iter().filter(|it| *it == name).count();
        // Rows of tests have accepted and final latencies only.
        assert_eq!(count("circle"), 4 * 3);
        assert_eq!(count("polyline"), 2 * SERIES.len(), "a curve and a line of the legend each");
        for circle in svg.lines().filter(|line| line.starts_with("<circle")) {
            let part = |name: &str| -> f64 {
                let (_, rest) = circle.split_once(&format!("{name}=\"")).expect("is there");
                rest.split('"').next().expect("a value").parse().expect("a number")
            };
            let inside =
                (LEFT..=WIDTH - RIGHT).contains(&part("cx")) && (TOP..=HEIGHT - BOTTOM).contains(&part("cy"));
            assert!(inside, "{circle}");
        }
        assert!(svg.contains("&lt;2026&gt; &amp; on"));
    }

    #[test]
    fn a_report_without_figures_is_a_picture_too() {
        let mut empty = row(100, 1.0);
        (empty.accepted_ms, empty.finalized_ms) = (None, None);
        for rows in [Vec::new(), vec![empty]] {
            let svg = svg(&report(rows));
            elements(&svg);
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }

    #[test]
    fn an_axis_is_marked_at_one_two_and_five() {
        let axis = Axis::around([30.0, 700.0].into_iter(), (0.0, 200.0));
        let ticks: Vec<f64> = axis.ticks().iter().map(|(value, _)| value.round()).collect();
        assert_eq!(ticks, [10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0]);
        assert!((axis.at(100.0) - 100.0).abs() < 1e-9);
        assert_eq!([0.5, 0.02, 2_000.0].map(number), ["0.5", "0.02", "2000"]);
    }
}
