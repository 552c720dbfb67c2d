//! The random parameters of a copy as a caption.

use super::plan::SampledParams;

impl SampledParams {
    /// What was done, in a few words. What changes nothing at the digits that are shown is omitted.
    pub fn describe(&self) -> String {
        let applied = |is_done: bool, text: &str| is_done.then(|| text.to_owned());
        let signed = |name: &str, value: f64, digits: usize, unit: &str| {
            let shown = format!("{value:+.digits$}");
            differs(&shown, 0.0).then(|| format!("{name} {shown}{unit}"))
        };
        let amount = |name: &str, value: f64, unit: &str| {
            let shown = format!("{value:.1}");
            differs(&shown, 0.0).then(|| format!("{name} {shown}{unit}"))
        };
        let factor = |name: &str, value: f64| {
            let shown = format!("{value:.2}");
            differs(&shown, 1.0).then(|| format!("{name} ×{shown}"))
        };
        let parts = [
            applied(self.flip[0], "flipped left to right"),
            applied(self.flip[1], "flipped top to bottom"),
            zoom(self.zoom),
            signed("shear", self.shear, 1, "°"),
            signed("rotation", self.rotation, 1, "°"),
            moved(["left", "right"], self.shift[0]),
            moved(["up", "down"], self.shift[1]),
            self.elastic.and_then(|elastic| amount("elastic deformation", elastic.displacement, " px")),
            amount("blur", self.blur, " px"),
            signed("channel shift", self.channel_shift, 1, ""),
            factor("brightness", self.brightness),
            factor("contrast", self.contrast),
            signed("window", self.window, 2, ""),
            factor("gamma", self.gamma),
            applied(self.invert, "inverted"),
            amount("CLAHE", self.clahe, ""),
            amount("noise", self.noise * 100.0, " %"),
            self.jpeg_quality.map(|quality| format!("JPEG {quality}")),
            applied(self.erased.is_some(), "one patch erased"),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        if parts.is_empty() { "unchanged".into() } else { parts.join(", ") }
    }
}

/// By how many pixels, towards the first place where `by` is negative.
fn moved([backward, forward]: [&str; 2], by: f64) -> Option<String> {
    let shown = format!("{:.1}", by.abs());
    differs(&shown, 0.0).then(|| format!("{} {shown} px", if by < 0.0 { backward } else { forward }))
}

fn zoom(axes: [f64; 2]) -> Option<String> {
    let [x, y] = axes.map(|value| format!("{value:.2}"));
    if !differs(&x, 1.0) && !differs(&y, 1.0) {
        return None;
    }
    Some(if x == y { format!("zoom ×{x}") } else { format!("zoom ×{x}, ×{y}") })
}

/// Whether a number, as it is shown, is another one than `neutral`.
fn differs(shown: &str, neutral: f64) -> bool {
    shown.parse::<f64>().is_ok_and(|value| (value - neutral).abs() > 1e-9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_described_and_nothing_else() {
        assert_eq!(SampledParams::NOTHING.describe(), "unchanged");
        let draw = SampledParams {
            flip: [true, false],
            rotation: -3.21,
            shift: [4.0, 0.0],
            zoom: [1.05, 1.05],
            gamma: 0.9,
            jpeg_quality: Some(80),
            ..SampledParams::NOTHING
        };
        let expected = "flipped left to right, zoom ×1.05, rotation -3.2°, right 4.0 px, gamma ×0.90, JPEG 80";
        assert_eq!(draw.describe(), expected);
    }

    /// As a drawn shift of -0.02 pixels, which would be shown as "down -0.0 px".
    #[test]
    fn what_rounds_to_nothing_is_omitted() {
        let draw = SampledParams {
            shear: 0.04,
            rotation: -0.04,
            shift: [0.02, -0.02],
            zoom: [1.004, 0.998],
            blur: 0.04,
            channel_shift: -0.04,
            brightness: 1.004,
            window: -0.004,
            gamma: 0.996,
            clahe: 0.04,
            noise: 0.0004,
            ..SampledParams::NOTHING
        };
        assert_eq!(draw.describe(), "unchanged");
        let draw = SampledParams { shift: [-0.06, 0.0], zoom: [1.05, 1.004], ..SampledParams::NOTHING };
        assert_eq!(draw.describe(), "zoom ×1.05, ×1.00, left 0.1 px");
    }
}
