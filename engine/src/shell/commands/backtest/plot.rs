//! Small charts as SVG text, for a page that needs no script and no other file.
//!
//! A [`Chart`] has lines over one horizontal axis, linear or logarithmic. Colours are classes of
//! the page's style sheet, so a chart follows the reader's light or dark theme. Points that are no
//! numbers, or not above zero on a logarithmic axis, are left out; a chart without a point says so.

use std::fmt::Write as _;

/// Height of a chart, and the room beside its axes, in SVG units.
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 16.0;
const BOTTOM: f64 = 44.0;

/// How much of the page's width a chart takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    /// One of two beside each other.
    Half,
    /// All of it.
    Full,
}

impl Size {
    /// Width in SVG units; both sizes have the same height, and letters of the same size.
    fn width(self) -> f64 {
        match self {
            Size::Half => 560.0,
            Size::Full => 1150.0,
        }
    }
}

/// How the horizontal axis is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Axis {
    /// In equal steps.
    Linear,
    /// In powers of ten.
    Logarithmic,
}

/// One line of a chart.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// What the legend calls it.
    pub(super) name: &'static str,
    /// The class that gives it a colour.
    pub(super) class: &'static str,
    /// Its points from left to right.
    pub(super) points: Vec<(f64, f64)>,
}

/// Lines over one axis.
#[derive(Clone, Debug)]
pub(super) struct Chart {
    /// What is seen, for people who do not see it.
    pub(super) title: &'static str,
    /// How wide it is.
    pub(super) size: Size,
    /// What the horizontal axis counts.
    pub(super) x_name: &'static str,
    /// How it is divided.
    pub(super) x_axis: Axis,
    /// How a place on the horizontal axis is written.
    pub(super) x_text: fn(f64) -> String,
    /// How a value is written.
    pub(super) y_text: fn(f64) -> String,
    /// The lines.
    pub(super) lines: Vec<Line>,
}

impl Chart {
    /// The chart as an `svg` element.
    pub(super) fn draw(&self) -> String {
        let mut svg = format!(
            "<svg class=\"chart\" viewBox=\"0 0 {} {HEIGHT}\" role=\"img\" \
             aria-label=\"{}\">",
            self.size.width(),
            self.title
        );
        match self.frame() {
            Some(frame) => self.draw_in(&frame, &mut svg),
            None => svg.push_str("<text class=\"note\" x=\"50%\" y=\"50%\">nothing to draw</text>"),
        }
        svg.push_str("</svg>");
        svg
    }

    /// The range of all points; the vertical one always holds zero.
    fn frame(&self) -> Option<Frame> {
        let mut points = self.lines.iter().flat_map(|line| &line.points).filter(|p| self.shows(p));
        let first = points.next()?;
        let start = Frame {
            axis: self.x_axis,
            right: self.size.width() - RIGHT,
            x: (first.0, first.0),
            y: (first.1.min(0.0), first.1.max(0.0)),
        };
        let mut frame = points.fold(start, |frame, (x, y)| Frame {
            x: (frame.x.0.min(*x), frame.x.1.max(*x)),
            y: (frame.y.0.min(*y), frame.y.1.max(*y)),
            ..frame
        });
        // A single point or a flat line still needs an area to stand in.
        if frame.x.0 == frame.x.1 {
            frame.x.1 += frame.x.1.abs().max(1.0);
        }
        if frame.y.0 == frame.y.1 {
            frame.y.1 += 1.0;
        }
        Some(frame)
    }

    fn shows(&self, point: &(f64, f64)) -> bool {
        let (x, y) = *point;
        let is_on_axis = self.x_axis == Axis::Linear || 0.0 < x;
        x.is_finite() && y.is_finite() && is_on_axis
    }

    fn draw_in(&self, frame: &Frame, svg: &mut String) {
        let (bottom, right) = (HEIGHT - BOTTOM, frame.right);
        for value in ticks(frame.y.0, frame.y.1) {
            let y = frame.down(value);
            let class = if value == 0.0 { "axis" } else { "grid" };
            // Writing to a String cannot fail, so the results below carry no information.
            let _ = write!(
                svg,
                "<line class=\"{class}\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text class=\"tick end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
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
                 <text class=\"tick middle\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>",
                bottom + 16.0,
                (self.x_text)(value)
            );
        }
        let _ = write!(
            svg,
            "<text class=\"tick middle\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            (LEFT + right) / 2.0,
            HEIGHT - 8.0,
            self.x_name
        );
        for line in &self.lines {
            let places = line.points.iter().filter(|point| self.shows(point));
            let path: Vec<String> = places
                .map(|(x, y)| format!("{:.1},{:.1}", frame.across(*x), frame.down(*y)))
                .collect();
            let _ = write!(
                svg,
                "<polyline class=\"line {}\" points=\"{}\"><title>{}</title></polyline>",
                line.class,
                path.join(" "),
                line.name
            );
        }
    }

    /// The names of the lines beside their colours, as HTML.
    pub(super) fn legend(&self) -> String {
        let keys: Vec<String> = self.lines.iter().map(|line| key(line.name, line.class)).collect();
        keys.join(" ")
    }
}

/// A name beside its colour, as HTML.
pub(super) fn key(name: &str, class: &str) -> String {
    format!("<span class=\"key\"><i class=\"swatch {class}\"></i>{name}</span>")
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
    let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    let step = step.into_iter().find(|step| rough <= *step).unwrap_or(10.0 * power);
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    (first..=last).map(|number| number as f64 * step).collect()
}

/// A bar of shares that fill its width, as an `svg` element: class and share of each part.
pub(super) fn share_bar(parts: &[(&str, f64)]) -> String {
    let mut svg = String::from(
        "<svg class=\"bar\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" \
         aria-hidden=\"true\">",
    );
    let mut start = 0.0;
    for (class, share) in parts {
        let width = 100.0 * share;
        let _ = write!(
            svg,
            "<rect class=\"fill {class}\" x=\"{start:.2}\" y=\"0\" width=\"{width:.2}\" \
             height=\"10\"/>"
        );
        start += width;
    }
    svg.push_str("</svg>");
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(axis: Axis, points: &[(f64, f64)]) -> Chart {
        Chart {
            title: "t",
            size: Size::Half,
            x_name: "x",
            x_axis: axis,
            x_text: |x| format!("{x}"),
            y_text: |y| format!("{y}"),
            lines: vec![Line { name: "n", class: "c", points: points.to_vec() }],
        }
    }

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(ticks(0.0, 10.0), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(ticks(-3.0, 4.0), [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0]);
        assert_eq!(ticks(17_622.0, 17_743.0).len(), 6);
        assert_eq!(ticks(0.0, 1.0).len(), 6);
    }

    #[test]
    fn corners_of_the_range_stand_in_the_corners_of_the_frame() {
        let svg = chart(Axis::Linear, &[(0.0, 0.0), (1.0, 2.0)]).draw();
        assert!(svg.contains("points=\"64.0,256.0 544.0,16.0\""), "{svg}");
        let svg = chart(Axis::Logarithmic, &[(0.01, 0.0), (0.1, 1.0), (1.0, 2.0)]).draw();
        assert!(svg.contains("points=\"64.0,256.0 304.0,136.0 544.0,16.0\""), "{svg}");
    }

    #[test]
    fn what_cannot_be_drawn_is_left_out() {
        let odd = [(0.0, 1.0), (f64::NAN, 1.0), (1.0, f64::INFINITY)];
        let svg = chart(Axis::Logarithmic, &odd).draw();
        assert!(svg.contains("nothing to draw"), "{svg}");
        assert!(!chart(Axis::Linear, &[(3.0, 0.0)]).draw().contains("NaN"));
        assert!(!chart(Axis::Linear, &[(3.0, -2.0), (3.0, -2.0)]).draw().contains("inf"));
    }

    #[test]
    fn a_share_bar_puts_its_parts_side_by_side() {
        let bar = share_bar(&[("a", 0.25), ("b", 0.75)]);
        assert!(bar.contains("class=\"fill b\" x=\"25.00\" y=\"0\" width=\"75.00\""), "{bar}");
    }
}
