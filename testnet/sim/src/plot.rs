//! A picture of what a commit costs: both axes logarithmic, so that a power of n is a straight line.

use std::fmt::Write as _;

use sim::scale::Cost;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 400.0;
/// Room for the words at the left and below, and at the other two sides.
const MARGIN: f64 = 60.0;
/// The validators at the left and the right end, and the values at the lower and the upper one.
const ACROSS: (f64, f64) = (3.0, 128.0);
const UP: (f64, f64) = (10.0, 100_000.0);

/// The picture, as SVG 1.1.
pub fn svg(costs: &[Cost]) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    for cost in costs {
        let at = x(f64::from(cost.members));
        line(&mut svg, (at, y(UP.0)), (at, y(UP.1)));
        text(&mut svg, (at, y(UP.0) + 18.0), "middle", &cost.members.to_string());
    }
    for exponent in 1..=5 {
        let value = 10_f64.powi(exponent);
        line(&mut svg, (x(ACROSS.0), y(value)), (x(ACROSS.1), y(value)));
        text(&mut svg, (x(ACROSS.0) - 6.0, y(value) + 4.0), "end", &format!("{value}"));
    }
    text(&mut svg, (WIDTH / 2.0, HEIGHT - 12.0), "middle", "validators");
    curve(&mut svg, costs, "messages a block", "#1f4e9c", Cost::messages_per_block);
    curve(&mut svg, costs, "KiB a block", "#b3541e", |cost| cost.bytes_per_block() / 1_024);
    svg.push_str("</svg>\n");
    svg
}

fn curve(svg: &mut String, costs: &[Cost], name: &str, colour: &str, value: impl Fn(&Cost) -> u64) {
    let place = |cost: &Cost| (x(f64::from(cost.members)), y(value(cost).max(1) as f64));
    let points: Vec<String> = costs.iter().map(place).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let points = points.join(" ");
    let _ =
        writeln!(svg, "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>");
    for (x, y) in costs.iter().map(place) {
        let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>");
    }
    if let Some((x, y)) = costs.last().map(place) {
        text(svg, (x - 10.0, y - 10.0), "end", name);
    }
}

fn line(svg: &mut String, from: (f64, f64), to: (f64, f64)) {
    let ((x1, y1), (x2, y2)) = (from, to);
    let _ = writeln!(svg, "<path d=\"M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}\" stroke=\"#ddd\"/>");
}

fn text(svg: &mut String, (x, y): (f64, f64), anchor: &str, words: &str) {
    let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{words}</text>");
}

fn x(validators: f64) -> f64 {
    MARGIN + (WIDTH - 2.0 * MARGIN) * (validators / ACROSS.0).ln() / (ACROSS.1 / ACROSS.0).ln()
}

fn y(value: f64) -> f64 {
    HEIGHT - MARGIN - (HEIGHT - 1.5 * MARGIN) * (value / UP.0).ln() / (UP.1 / UP.0).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_is_drawn_within_the_picture() {
        let cost = |members| Cost {
            members,
            blocks: 10,
            submissions: 10,
            messages: 50 * u64::from(members),
            bytes: 100_000 * u64::from(members) * u64::from(members),
        };
        let svg = svg(&[cost(4), cost(100)]);
        assert_eq!(svg.matches("<circle").count(), 4);
        let places =
            svg.split("cy=\"").skip(1).filter_map(|rest| rest.split('"').next()?.parse::<f64>().ok());
        assert!(places.into_iter().all(|y| (0.0..HEIGHT).contains(&y)), "{svg}");
    }
}
