//! Curves as SVG that stands in the page itself. No name from a user is drawn: classes are distinguished by colour, and the
//! page says in words which is which.

use maud::{Markup, PreEscaped, html};
use plotters::prelude::*;

use super::error::ReportError;
use super::format::visible;

/// Pixels of one plot.
const SIZE: (u32, u32) = (520, 340);

/// Colours of the first curves, distinguishable with colour blindness (Okabe and Ito 2008).
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];
const AXIS: RGBColor = RGBColor(128, 136, 142);

/// A named line; the name stands in the page, not in the plot.
pub(super) struct Curve {
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64)>,
    /// A dot at each point.
    pub(super) dotted: bool,
}

/// A plot and what its axes mean.
pub(super) struct Plot {
    pub(super) title: &'static str,
    pub(super) x: &'static str,
    pub(super) y: &'static str,
    pub(super) x_range: (f64, f64),
    pub(super) y_range: (f64, f64),
    /// What a line from corner to corner stands for, for comparison.
    pub(super) diagonal: Option<&'static str>,
    /// The x axis counts something: only whole numbers are written on it.
    pub(super) counts: bool,
    pub(super) curves: Vec<Curve>,
}

/// As in a style sheet.
fn css(RGBColor(red, green, blue): RGBColor) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// Pixels of a dash, and of the gap after it.
const DASH: u32 = 7;

/// Every second curve, so that of two that lie on each other both are seen.
fn is_dashed(number: usize) -> bool {
    number % 2 == 1
}

/// Of the `number`th of several classes.
pub(super) fn class_colour(number: usize) -> String {
    css(curve_colour(number))
}

fn curve_colour(number: usize) -> RGBColor {
    COLOURS[number % COLOURS.len()]
}

/// Of a place on an axis, without the digits that come from adding up steps.
fn label(value: f64) -> String {
    ((value * 1000.0).round() / 1000.0).to_string()
}

fn key(name: &str, colour: RGBColor, is_dashed: bool) -> Markup {
    let dash = if is_dashed { "5 4" } else { "none" };
    html! {
        span.key {
            svg width="14" height="10" aria-hidden="true" { path d="M0 5H14" stroke-width="4" stroke=(css(colour)) stroke-dasharray=(dash) {} }
            " " bdi { (visible(name)) }
        }
        " "
    }
}

impl Plot {
    /// With its title above and the key to its curves below.
    pub(super) fn figure(&self) -> Result<Markup, ReportError> {
        let svg = self.svg()?;
        Ok(html! {
            figure.plot role="img" aria-label={ (self.title) ": " (self.y) " over " (self.x) } {
                h3 { (self.title) }
                // Drawn here, and without a name from a user in it.
                (PreEscaped(svg))
                figcaption {
                    @for (number, curve) in self.curves.iter().enumerate() { (key(&curve.name, curve_colour(number), is_dashed(number))) }
                    @if let Some(meaning) = self.diagonal { (key(meaning, AXIS, false)) }
                }
            }
        })
    }

    fn svg(&self) -> Result<String, ReportError> {
        let mut svg = String::new();
        self.draw(&mut svg).map_err(|error| ReportError::Plot(error.to_string()))?;
        Ok(svg)
    }

    fn draw(&self, svg: &mut String) -> Result<(), Box<dyn std::error::Error>> {
        let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
        let (x, y) = (self.x_range, self.y_range);
        let mut chart = ChartBuilder::on(&area)
            .margin(12)
            .x_label_area_size(50)
            .y_label_area_size(60)
            .build_cartesian_2d(x.0..x.1, y.0..y.1)?;
        chart
            .configure_mesh()
            .axis_style(AXIS)
            .bold_line_style(AXIS.mix(0.3))
            .light_line_style(TRANSPARENT)
            .label_style(("sans-serif", 16, &AXIS))
            .axis_desc_style(("sans-serif", 17, &AXIS))
            .x_labels(6)
            .y_labels(6)
            .x_label_formatter(&|x| if self.counts && x.fract().abs() > 1e-9 { String::new() } else { label(*x) })
            .y_label_formatter(&|y| label(*y))
            .x_desc(self.x)
            .y_desc(self.y)
            .draw()?;
        if self.diagonal.is_some() {
            chart.draw_series(LineSeries::new([(x.0, y.0), (x.1, y.1)], AXIS.mix(0.6)))?;
        }
        for (number, curve) in self.curves.iter().enumerate() {
            let colour = curve_colour(number);
            let (points, style) = (curve.points.iter().copied(), colour.stroke_width(2));
            if is_dashed(number) {
                chart.draw_series(DashedLineSeries::new(points, DASH, DASH, style))?;
            } else {
                chart.draw_series(LineSeries::new(points, style))?;
            }
            if curve.dotted {
                chart.draw_series(curve.points.iter().map(|point| Circle::new(*point, 4, colour.filled())))?;
            }
        }
        area.present()?;
        Ok(())
    }
}
