//! Small charts as SVG text: lines and bars over one axis, without scripts.
//!
//! Colours are classes of the page's style sheet, so a chart follows the reader's light or dark
//! theme. Wanted figures are drawn as dashed lines in the colour of what was found. Points that are
//! no numbers, or not above zero on a logarithmic axis, are left out; a chart without a point says
//! so. The vertical axis always holds zero.

use std::fmt::Write as _;

/// Sizes in SVG units: the height, and the room beside the axes.
const HEIGHT: f64 = 280.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 44.0;

/// How much of the page's width a chart takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    /// One of two beside each other.
    Half,
    /// All of it.
    Full,
}

/// How the horizontal axis is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Axis {
    /// In equal steps.
    Linear,
    /// In powers of ten.
    Logarithmic,
}

/// How the points of a series are shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Mark {
    /// Joined by a line.
    Line,
    /// Joined by a dashed line.
    Dashed,
    /// As bars of this width on the axis, around each point.
    Bars(f64),
}

/// Points of one kind.
#[derive(Clone, Debug)]
pub(super) struct Series {
    /// What the legend calls it; empty for what needs no key.
    pub(super) name: String,
    /// The class that gives it a colour.
    pub(super) class: &'static str,
    pub(super) mark: Mark,
    /// Its points from left to right.
    pub(super) points: Vec<(f64, f64)>,
}

/// Series over one axis.
#[derive(Clone, Debug)]
pub(super) struct Chart {
    /// What is seen, above it and for people who do not see it.
    pub(super) title: &'static str,
    pub(super) size: Size,
    /// What the horizontal axis counts.
    pub(super) x_name: &'static str,
    pub(super) x_axis: Axis,
    /// How a place on either axis is written.
    pub(super) x_text: fn(f64) -> String,
    pub(super) y_text: fn(f64) -> String,
    pub(super) series: Vec<Series>,
}

impl Chart {
    /// The chart with its title and legend, as HTML.
    pub(super) fn figure(&self) -> String {
        let named = self.series.iter().filter(|series| !series.name.is_empty());
        let keys = named.map(|series| {
            let dashed = if series.mark == Mark::Dashed { " dashed" } else { "" };
            let Series { name, class, .. } = series;
            format!("<span class=\"key\"><i class=\"swatch {class}{dashed}\"></i>{name}</span>")
        });
        let legend: String = keys.collect();
        let title = self.title;
        format!("<div class=\"card\"><h3>{title}</h3>{legend}{}</div>\n", self.draw())
    }

    /// The `svg` element alone.
    fn draw(&self) -> String {
        let width = self.width();
        let mut svg = format!(
            "<svg class=\"chart\" viewBox=\"0 0 {width} {HEIGHT}\" role=\"img\" aria-label=\"{}\">",
            self.title
        );
        match self.frame() {
            Some(frame) => {
                self.draw_axes(&frame, &mut svg);
                for series in &self.series {
                    draw_series(series, &frame, &mut svg);
                }
            }
            None => svg.push_str("<text class=\"note\" x=\"50%\" y=\"50%\">nothing to draw</text>"),
        }
        svg.push_str("</svg>");
        svg
    }

    fn width(&self) -> f64 {
        match self.size {
            Size::Half => 560.0,
            Size::Full => 1150.0,
        }
    }

    /// The range of all points and bars.
    fn frame(&self) -> Option<Frame> {
        let (mut x, mut y) = ((f64::MAX, f64::MIN), (0.0_f64, 0.0_f64));
        for series in &self.series {
            let half = if let Mark::Bars(width) = series.mark { width / 2.0 } else { 0.0 };
            for point in series.points.iter().filter(|point| is_on(self.x_axis, point)) {
                x = (x.0.min(point.0 - half), x.1.max(point.0 + half));
                y = (y.0.min(point.1), y.1.max(point.1));
            }
        }
        if x.1 < x.0 {
            return None;
        }
        // A single point or a flat line still needs an area to stand in.
        if x.0 == x.1 {
            x.1 += x.1.abs().max(1.0);
        }
        if y.0 == y.1 {
            y.1 += 1.0;
        }
        Some(Frame { axis: self.x_axis, right: self.width() - RIGHT, x, y })
    }

    fn draw_axes(&self, frame: &Frame, svg: &mut String) {
        let (bottom, right) = (HEIGHT - BOTTOM, frame.right);
        for value in ticks(frame.y.0, frame.y.1) {
            let y = frame.down(value);
            let class = if value == 0.0 { "axis" } else { "grid" };
            // Writing to a String cannot fail, so the results below carry no information.
            let _ = write!(
                svg,
                "<line class=\"{class}\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text class=\"end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                LEFT - 6.0,
                y + 4.0,
                (self.y_text)(value)
            );
        }
        for value in frame.x_ticks() {
            let x = frame.across(value);
            let _ = write!(
                svg,
                "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{bottom}\"/>\
                 <text class=\"middle\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>",
                bottom + 16.0,
                (self.x_text)(value)
            );
        }
        let _ = write!(
            svg,
            "<text class=\"middle\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            (LEFT + right) / 2.0,
            HEIGHT - 8.0,
            self.x_name
        );
    }
}

fn is_on(axis: Axis, point: &(f64, f64)) -> bool {
    let (x, y) = *point;
    x.is_finite() && y.is_finite() && (axis == Axis::Linear || 0.0 < x)
}

fn draw_series(series: &Series, frame: &Frame, svg: &mut String) {
    let Series { name, class, mark, points } = series;
    let shown = points.iter().filter(|point| is_on(frame.axis, point));
    if let Mark::Bars(width) = mark {
        for (x, y) in shown {
            let (left, right) = (frame.across(x - width / 2.0), frame.across(x + width / 2.0));
            let (top, base) = (frame.down(y.max(0.0)), frame.down(y.min(0.0)));
            let _ = write!(
                svg,
                "<rect class=\"fill {class}\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{:.1}\" \
                 height=\"{:.1}\"/>",
                // A hair between two bars keeps them apart.
                (right - left - 0.6).max(0.4),
                base - top
            );
        }
        return;
    }
    let path: Vec<String> =
        shown.map(|(x, y)| format!("{:.1},{:.1}", frame.across(*x), frame.down(*y))).collect();
    let dashed = if *mark == Mark::Dashed { " dashed" } else { "" };
    let _ = write!(
        svg,
        "<polyline class=\"line {class}{dashed}\" points=\"{}\"><title>{name}</title></polyline>",
        path.join(" ")
    );
}

/// The ranges that are drawn, and where a value stands in them.
#[derive(Clone, Copy, Debug)]
struct Frame {
    axis: Axis,
    /// The right end of the horizontal axis, in SVG units.
    right: f64,
    x: (f64, f64),
    y: (f64, f64),
}

impl Frame {
    fn across(&self, x: f64) -> f64 {
        let scale = |x: f64| match self.axis {
            Axis::Linear => x,
            Axis::Logarithmic => x.log10(),
        };
        let share = (scale(x) - scale(self.x.0)) / (scale(self.x.1) - scale(self.x.0));
        LEFT + share * (self.right - LEFT)
    }

    fn down(&self, y: f64) -> f64 {
        let share = (y - self.y.0) / (self.y.1 - self.y.0);
        HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
    }

    fn x_ticks(&self) -> Vec<f64> {
        match self.axis {
            Axis::Linear => ticks(self.x.0, self.x.1),
            Axis::Logarithmic => {
                let powers = self.x.0.log10().ceil() as i32..=self.x.1.log10().floor() as i32;
                powers.map(|power| 10f64.powi(power)).collect()
            }
        }
    }
}

/// Four to eight round values in a range: multiples of 1, 2 or 5 times a power of ten.
fn ticks(low: f64, high: f64) -> Vec<f64> {
    let rough = (high - low) / 8.0;
    let power = 10f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    let step = steps.into_iter().find(|step| rough <= *step).unwrap_or(10.0 * power);
    let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    (first..=last).map(|number| number as f64 * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(x_axis: Axis, mark: Mark, points: &[(f64, f64)]) -> Chart {
        let points = points.to_vec();
        Chart {
            title: "t",
            size: Size::Half,
            x_name: "x",
            x_axis,
            x_text: |x| format!("{x}"),
            y_text: |y| format!("{y}"),
            series: vec![Series { name: "n".to_owned(), class: "accent", mark, points }],
        }
    }

    #[test]
    fn corners_of_the_range_stand_in_the_corners_of_the_frame() {
        let svg = chart(Axis::Linear, Mark::Line, &[(0.0, 0.0), (1.0, 2.0)]).draw();
        assert!(svg.contains("points=\"64.0,236.0 544.0,14.0\""), "{svg}");
        let points = [(0.01, 0.0), (0.1, 1.0), (1.0, 2.0)];
        let svg = chart(Axis::Logarithmic, Mark::Dashed, &points).draw();
        assert!(svg.contains("points=\"64.0,236.0 304.0,125.0 544.0,14.0\""), "{svg}");
        assert!(svg.contains("class=\"line accent dashed\""), "{svg}");
    }

    #[test]
    fn bars_stand_on_zero_and_around_their_points() {
        let svg = chart(Axis::Linear, Mark::Bars(1.0), &[(0.5, 2.0), (1.5, 1.0)]).draw();
        assert!(svg.contains("x=\"64.0\" y=\"14.0\" width=\"239.4\" height=\"222.0\""), "{svg}");
        assert!(svg.contains("x=\"304.0\" y=\"125.0\" width=\"239.4\" height=\"111.0\""), "{svg}");
    }

    #[test]
    fn what_cannot_be_drawn_is_left_out() {
        let odd = [(0.0, 1.0), (f64::NAN, 1.0), (1.0, f64::INFINITY)];
        let svg = chart(Axis::Logarithmic, Mark::Line, &odd).draw();
        assert!(svg.contains("nothing to draw"), "{svg}");
        for mark in [Mark::Line, Mark::Bars(1.0)] {
            let svg = chart(Axis::Linear, mark, &[(3.0, 0.0)]).draw();
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(ticks(0.0, 10.0), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(ticks(-3.0, 4.0), [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0]);
        assert_eq!(ticks(0.0, 1.0).len(), 6);
    }
}
