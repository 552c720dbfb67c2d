//! A draw as a person would tell it.

use super::plan::SampledParams;

impl SampledParams {
    /// What was done, in a few words; what changes nothing is left out.
    pub fn describe(&self) -> String {
        let number = |is_done: bool, text: String| is_done.then_some(text);
        let signed = |name: &str, value: f64, digits: usize, unit: &str| {
            number(value.abs() > 1e-9, format!("{name} {value:+.digits$}{unit}"))
        };
        let factor = |name: &str, value: f64| number((value - 1.0).abs() > 1e-9, format!("{name} ×{value:.2}"));
        let [x, y] = self.zoom;
        let zoom = if (x - y).abs() < 1e-9 { format!("zoom ×{x:.2}") } else { format!("zoom ×{x:.2}, ×{y:.2}") };
        let parts = [
            number(self.flip[0], "flipped left to right".into()),
            number(self.flip[1], "upside down".into()),
            number((x - 1.0).abs() > 1e-9 || (y - 1.0).abs() > 1e-9, zoom),
            signed("shear", self.shear, 1, "°"),
            signed("rotation", self.rotation, 1, "°"),
            signed("right", self.shift[0], 1, " px"),
            signed("down", self.shift[1], 1, " px"),
            self.elastic.map(|elastic| format!("deformed by {:.1} px", elastic.displacement)),
            number(self.blur > 0.0, format!("blur {:.1} px", self.blur)),
            signed("channel shift", self.channel_shift, 1, ""),
            factor("brightness", self.brightness),
            factor("contrast", self.contrast),
            signed("window", self.window, 2, ""),
            factor("gamma", self.gamma),
            number(self.invert, "inverted".into()),
            number(self.clahe > 0.0, format!("CLAHE {:.1}", self.clahe)),
            number(self.noise > 0.0, format!("noise {:.1} %", self.noise * 100.0)),
            self.jpeg_quality.map(|quality| format!("JPEG {quality}")),
            number(self.erased.is_some(), "one patch erased".into()),
        ];
        let told: Vec<String> = parts.into_iter().flatten().collect();
        if told.is_empty() { "unchanged".into() } else { told.join(", ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_told_and_nothing_else() {
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
        let told = "flipped left to right, zoom ×1.05, rotation -3.2°, right +4.0 px, gamma ×0.90, JPEG 80";
        assert_eq!(draw.describe(), told);
    }
}
