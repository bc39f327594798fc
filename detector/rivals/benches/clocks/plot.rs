//! The plot of what a lock operation costs by the number of threads.

use std::fmt::Write;

/// Figures of one representation: threads, and nanoseconds.
pub(crate) struct Series {
    pub(crate) name: &'static str,
    pub(crate) points: Vec<(f64, f64)>,
}

const COLOURS: [&str; 4] = ["#c0392b", "#7f8c8d", "#2980b9", "#27ae60"];
const REFERENCE: &str = "#333333";

/// A part of the picture, with its own scale of nanoseconds.
struct Panel {
    left: f64,
    title: &'static str,
    logarithmic: bool,
    /// The largest nanoseconds shown; beyond, lines are cut.
    most: f64,
}

const TOP: f64 = 50.0;
const HEIGHT: f64 = 300.0;
const WIDTH: f64 = 360.0;
const LEAST_THREADS: f64 = 10.0;
const MOST_THREADS: f64 = 1e6;
const LEAST: f64 = 10.0;
/// The number of threads at which the engine's figure is written out.
const SHOWN: f64 = 10_000.0;

impl Panel {
    fn x(&self, threads: f64) -> f64 {
        let part = (threads / LEAST_THREADS).ln() / (MOST_THREADS / LEAST_THREADS).ln();
        self.left + WIDTH * part
    }

    fn y(&self, nanoseconds: f64) -> f64 {
        let part = if self.logarithmic {
            (nanoseconds / LEAST).ln() / (self.most / LEAST).ln()
        } else {
            nanoseconds / self.most
        };
        TOP + HEIGHT * (1.0 - part)
    }

    fn marks(&self) -> Vec<f64> {
        if self.logarithmic {
            let powers = (1..).map(|power| 10f64.powi(power));
            powers.take_while(|&mark| mark <= self.most).collect()
        } else {
            let step = self.most / 5.0;
            (0..=5).map(|i| step * f64::from(i)).collect()
        }
    }

    fn draw(&self, all: &[Series], reference: &Series, svg: &mut String) -> std::fmt::Result {
        let (left, right, bottom) = (self.left, self.left + WIDTH, TOP + HEIGHT);
        let middle = left + WIDTH / 2.0;
        let clip = if self.logarithmic { "b" } else { "a" };
        writeln!(
            svg,
            r#"<clipPath id="{clip}"><rect x="{left}" y="{TOP}" width="{WIDTH}" height="{HEIGHT}"/></clipPath>
<text x="{middle}" y="{}" text-anchor="middle" font-weight="bold">{}</text>
<text x="{middle}" y="{}" text-anchor="middle">threads that pass through the mutex</text>
<text transform="translate({}, {}) rotate(-90)" text-anchor="middle">one lock and unlock</text>"#,
            TOP - 16.0,
            self.title,
            bottom + 36.0,
            left - 56.0,
            TOP + HEIGHT / 2.0,
        )?;
        for mark in self.marks() {
            let y = self.y(mark);
            writeln!(
                svg,
                r##"<line x1="{left}" y1="{y:.1}" x2="{right}" y2="{y:.1}" stroke="#dddddd"/>
<text x="{}" y="{:.1}" text-anchor="end">{}</text>"##,
                left - 6.0,
                y + 4.0,
                time(mark),
            )?;
        }
        for power in 1..=6 {
            let x = self.x(10f64.powi(power));
            writeln!(
                svg,
                r##"<line x1="{x:.1}" y1="{TOP}" x2="{x:.1}" y2="{bottom}" stroke="#eeeeee"/>
<text x="{x:.1}" y="{}" text-anchor="middle">10<tspan dy="-5" font-size="9">{power}</tspan></text>"##,
                bottom + 18.0,
            )?;
        }
        writeln!(
            svg,
            r#"<g clip-path="url(#{clip})" fill="none" stroke-width="2">"#
        )?;
        let dashed = r#" stroke-dasharray="6 4""#;
        self.line(reference, REFERENCE, dashed, svg)?;
        for (series, colour) in all.iter().zip(COLOURS) {
            self.line(series, colour, "", svg)?;
            for &(threads, nanoseconds) in &series.points {
                let (x, y) = (self.x(threads), self.y(nanoseconds));
                writeln!(
                    svg,
                    r#"<circle cx="{x:.1}" cy="{y:.1}" r="3" fill="{colour}" stroke="none"/>"#
                )?;
            }
        }
        for &(threads, nanoseconds) in all[0].points.iter().filter(|(n, _)| *n == SHOWN) {
            let (x, y) = (self.x(threads), self.y(nanoseconds));
            writeln!(
                svg,
                r##"</g>
<text x="{x:.1}" y="{:.1}" text-anchor="middle" fill="#c0392b">{nanoseconds:.0} ns at 10,000</text>
<g>"##,
                y + 22.0
            )?;
        }
        writeln!(
            svg,
            r##"</g>
<rect x="{left}" y="{TOP}" width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#333333"/>"##
        )
    }

    fn line(
        &self,
        series: &Series,
        colour: &str,
        more: &str,
        svg: &mut String,
    ) -> std::fmt::Result {
        write!(svg, r#"<polyline stroke="{colour}"{more} points=""#)?;
        for &(threads, nanoseconds) in &series.points {
            write!(svg, "{:.1},{:.1} ", self.x(threads), self.y(nanoseconds))?;
        }
        writeln!(svg, r#""/>"#)
    }
}

fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        n if n >= 1e6 => format!("{} ms", n / 1e6),
        n if n >= 1e3 => format!("{} µs", n / 1e3),
        n => format!("{n} ns"),
    }
}

/// The picture. The first of `all` is the one that the reference line is for, and the left
/// panel's scale.
pub(crate) fn svg(all: &[Series]) -> String {
    let ours = &all[0].points;
    let reference = reference(ours);
    let highest = ours.iter().chain(&reference.points);
    let highest = highest.map(|&(_, ns)| ns).fold(1.0, f64::max);
    let panels = [
        Panel {
            left: 90.0,
            title: "the engine's clocks, linear scale",
            logarithmic: false,
            most: (highest / 500.0).ceil() * 500.0,
        },
        Panel {
            left: 560.0,
            title: "all clocks, logarithmic scale",
            logarithmic: true,
            most: 1e6,
        },
    ];
    let mut svg = String::new();
    draw(all, &reference, &panels, &mut svg).expect("a string takes all");
    svg
}

/// Fewer threads have clocks that mostly fit inline: growth is measured from here.
const FEW: f64 = 100.0;

/// What logarithmic growth would be.
pub(crate) fn reference(points: &[(f64, f64)]) -> Series {
    let base = points.iter().find(|(threads, _)| *threads >= FEW);
    let (threads, nanoseconds) = base.copied().unwrap_or((FEW, 0.0));
    let at = |&(n, _): &(f64, f64)| (n, nanoseconds * n.log2() / threads.log2());
    Series {
        name: "∝ log₂ threads",
        points: points.iter().map(at).collect(),
    }
}

fn draw(
    all: &[Series],
    reference: &Series,
    panels: &[Panel],
    svg: &mut String,
) -> std::fmt::Result {
    let (width, height) = (950, 450);
    writeln!(
        svg,
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" font-family="sans-serif" font-size="12">
<title>Nanoseconds for each lock and unlock of one mutex, by the number of threads that pass through it in turn</title>
<rect width="{width}" height="{height}" fill="#ffffff"/>"##
    )?;
    for panel in panels {
        panel.draw(all, reference, svg)?;
    }
    let names = all.iter().map(|series| series.name).zip(COLOURS);
    for (i, (name, colour)) in names.chain([(reference.name, REFERENCE)]).enumerate() {
        let x = 200.0 + 120.0 * i as f64;
        let dashes = if colour == REFERENCE {
            r#" stroke-dasharray="6 4""#
        } else {
            ""
        };
        writeln!(
            svg,
            r#"<line x1="{x}" y1="425" x2="{}" y2="425" stroke="{colour}" stroke-width="2"{dashes}/>
<text x="{}" y="429">{name}</text>"#,
            x + 24.0,
            x + 30.0,
        )?;
    }
    writeln!(svg, "</svg>")
}
