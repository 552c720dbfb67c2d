//! The overlay as a Secondary Capture Image (PS3.3, A.8.1).

use super::attributes::{
    BITS_ALLOCATED, BITS_STORED, COLUMNS, CONTENT_QUALIFICATION, CONVERSION_TYPE, DERIVATION_CODES,
    DERIVATION_DESCRIPTION, HIGH_BIT, IMAGE_TYPE, INSTANCE_NUMBER, MODALITY, PATIENT_ORIENTATION,
    PHOTOMETRIC_INTERPRETATION, PIXEL_DATA, PIXEL_REPRESENTATION, PLANAR_CONFIGURATION, PURPOSE_OF_REFERENCE, ROWS,
    SAMPLES_PER_PIXEL, SERIES_DESCRIPTION, SERIES_INSTANCE_UID, SERIES_NUMBER, SOURCE_IMAGES,
};
use super::code::Code;
use super::moment::Moment;
use super::names::ResultNames;
use crate::domain::MapMethod;
use crate::imaging::{DicomObject, Picture, Pixels, SourceScan, result_equipment};

pub(super) const CLASS: &str = "1.2.840.10008.5.1.4.1.1.7";
const NUMBER_OF_SERIES: &str = "9901";

/// All but patient and study. `overlay`: 8-bit RGB, no side above 65535 pixels, which no scan in DICOM has; with the map of
/// `method`.
pub(super) fn object<'a>(
    source: &SourceScan,
    names: &ResultNames,
    moment: &Moment,
    (overlay, method): (&'a Picture, MapMethod),
) -> DicomObject<'a> {
    let scan = DicomObject::reference(source.class(), source.instance());
    DicomObject::new(CLASS, &names.capture)
        // Without a value where the scan does not say.
        .text(PATIENT_ORIENTATION, "")
        .and(source.image())
        .and(result_equipment(env!("CARGO_PKG_VERSION")))
        .and(moment.elements())
        .text(IMAGE_TYPE, r"DERIVED\SECONDARY")
        .text(MODALITY, "OT")
        .text(CONVERSION_TYPE, "WSD")
        .text(SERIES_INSTANCE_UID, names.capture_series.as_str())
        .text(SERIES_NUMBER, NUMBER_OF_SERIES)
        .text(SERIES_DESCRIPTION, "gradwatch: visual explanation")
        .text(INSTANCE_NUMBER, "1")
        .text(CONTENT_QUALIFICATION, "RESEARCH")
        .text(
            DERIVATION_DESCRIPTION,
            format!("The scan with the {method} heat map of the predicted class laid over it"),
        )
        .items(DERIVATION_CODES, [Code::VISUAL_EXPLANATION.item()])
        .items(SOURCE_IMAGES, [scan.items(PURPOSE_OF_REFERENCE, [Code::SOURCE_OF_PROCESSING.item()])])
        .and(pixels(overlay))
}

fn pixels(overlay: &Picture) -> DicomObject<'_> {
    let samples = match overlay.pixels() {
        Pixels::U8(samples) => samples.as_slice(),
        Pixels::U16(_) => &[],
    };
    DicomObject::default()
        .number(SAMPLES_PER_PIXEL, 3)
        .text(PHOTOMETRIC_INTERPRETATION, "RGB")
        .number(PLANAR_CONFIGURATION, 0)
        .number(ROWS, overlay.height() as u16)
        .number(COLUMNS, overlay.width() as u16)
        .number(BITS_ALLOCATED, 8)
        .number(BITS_STORED, 8)
        .number(HIGH_BIT, 7)
        .number(PIXEL_REPRESENTATION, 0)
        .bytes(PIXEL_DATA, samples)
}
