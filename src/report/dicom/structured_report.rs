//! What the model says, as an Enhanced SR (PS3.3, A.35.2): classes with scores, the model, what to beware of, and the images.

use super::attributes::{
    COMPLETION_FLAG, CONCEPT_NAME, CONTENT, CONTENT_QUALIFICATION, CONTINUITY_OF_CONTENT, CURRENT_EVIDENCE,
    INSTANCE_NUMBER, MODALITY, PERFORMED_PROCEDURE_CODES, REFERENCED_FRAME, REFERENCED_OBJECTS,
    REFERENCED_PERFORMED_STEPS, REFERENCED_SERIES, SERIES_DESCRIPTION, SERIES_INSTANCE_UID, SERIES_NUMBER,
    STUDY_INSTANCE_UID, VALUE_TYPE, VERIFICATION_FLAG,
};
use super::code::Code;
use super::content_item::{class, image, modifier, text};
use super::moment::Moment;
use super::names::ResultNames;
use super::secondary_capture;
use crate::imaging::{DicomObject, SourceScan, result_equipment};
use crate::report::document::NOTICE;
use crate::report::record::ReportRecord;

const CLASS: &str = "1.2.840.10008.5.1.4.1.1.88.22";
const NUMBER_OF_SERIES: &str = "9902";

/// All but patient and study. The record is of this scan.
pub(super) fn object(
    source: &SourceScan,
    names: &ResultNames,
    moment: &Moment,
    record: &ReportRecord,
) -> DicomObject<'static> {
    DicomObject::new(CLASS, &names.report)
        .and(result_equipment(env!("CARGO_PKG_VERSION")))
        .and(Code::own_scheme())
        .and(moment.elements())
        .text(MODALITY, "SR")
        .text(SERIES_INSTANCE_UID, names.report_series.as_str())
        .text(SERIES_NUMBER, NUMBER_OF_SERIES)
        .text(SERIES_DESCRIPTION, "gradwatch: predicted class and scores")
        .text(INSTANCE_NUMBER, "1")
        .text(CONTENT_QUALIFICATION, "RESEARCH")
        .text(COMPLETION_FLAG, "COMPLETE")
        .text(VERIFICATION_FLAG, "UNVERIFIED")
        .items(REFERENCED_PERFORMED_STEPS, [])
        .items(PERFORMED_PROCEDURE_CODES, [])
        .items(CURRENT_EVIDENCE, [evidence(source, names)])
        .text(VALUE_TYPE, "CONTAINER")
        .text(CONTINUITY_OF_CONTENT, "SEPARATE")
        .items(CONCEPT_NAME, [Code::REPORT.item()])
        .items(CONTENT, content(source, names, record))
}

fn content(source: &SourceScan, names: &ResultNames, record: &ReportRecord) -> Vec<DicomObject<'static>> {
    let language = modifier(Code::LANGUAGE, Code::ENGLISH);
    let predicted = class(Code::FINDING, record.predicted.as_str(), record.top_score());
    let others = record.scores.iter().filter(|(name, _)| **name != record.predicted);
    let others = others.map(|(name, score)| class(Code::OTHER_CLASS, name.as_str(), *score));
    let warnings = record.warnings.iter().map(|warning| text(Code::COMMENT, warning.as_str()));
    let images =
        [image(Code::SOURCE_OF_MEASUREMENT, scan(source, record)), image(Code::VISUAL_EXPLANATION, capture(names))];
    let about = [
        text(Code::ALGORITHM_NAME, "gradwatch"),
        text(Code::ALGORITHM_VERSION, env!("CARGO_PKG_VERSION")),
        text(Code::MODEL, format!("{}, trained on dataset {}", record.model, record.dataset)),
        text(Code::COMMENT, NOTICE),
    ];
    [language, predicted].into_iter().chain(others).chain(warnings).chain(images).chain(about).collect()
}

/// The scan, and where it has several the frame.
fn scan(source: &SourceScan, record: &ReportRecord) -> DicomObject<'static> {
    let reference = DicomObject::reference(source.class(), source.instance());
    let part = record.image.part.as_deref().and_then(|part| part.strip_prefix("frame "));
    match part.and_then(|part| part.split(' ').next()) {
        Some(number) => reference.text(REFERENCED_FRAME, number),
        None => reference,
    }
}

fn capture(names: &ResultNames) -> DicomObject<'static> {
    DicomObject::reference(secondary_capture::CLASS, &names.capture)
}

/// All that the report refers to, by series.
fn evidence(source: &SourceScan, names: &ResultNames) -> DicomObject<'static> {
    let series =
        |uid: &str, object| DicomObject::default().text(SERIES_INSTANCE_UID, uid).items(REFERENCED_OBJECTS, [object]);
    let scan = DicomObject::reference(source.class(), source.instance());
    DicomObject::default()
        .text(STUDY_INSTANCE_UID, source.study())
        .items(REFERENCED_SERIES, [series(source.series(), scan), series(&names.capture_series, capture(names))])
}
