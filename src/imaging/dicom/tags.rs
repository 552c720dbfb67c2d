//! The tags that are read, group and element as one number. No other value of a file is looked at.

pub(super) const TRANSFER_SYNTAX: u32 = 0x0002_0010;
pub(super) const SAMPLES_PER_PIXEL: u32 = 0x0028_0002;
pub(super) const PHOTOMETRIC_INTERPRETATION: u32 = 0x0028_0004;
pub(super) const PLANAR_CONFIGURATION: u32 = 0x0028_0006;
pub(super) const NUMBER_OF_FRAMES: u32 = 0x0028_0008;
pub(super) const ROWS: u32 = 0x0028_0010;
pub(super) const COLUMNS: u32 = 0x0028_0011;
pub(super) const BITS_ALLOCATED: u32 = 0x0028_0100;
pub(super) const BITS_STORED: u32 = 0x0028_0101;
pub(super) const HIGH_BIT: u32 = 0x0028_0102;
pub(super) const PIXEL_REPRESENTATION: u32 = 0x0028_0103;
pub(super) const BURNED_IN_ANNOTATION: u32 = 0x0028_0301;
pub(super) const WINDOW_CENTER: u32 = 0x0028_1050;
pub(super) const WINDOW_WIDTH: u32 = 0x0028_1051;
pub(super) const RESCALE_INTERCEPT: u32 = 0x0028_1052;
pub(super) const RESCALE_SLOPE: u32 = 0x0028_1053;
pub(super) const VOI_LUT_FUNCTION: u32 = 0x0028_1056;
/// Red; green and blue follow.
pub(super) const PALETTE_DESCRIPTOR: u32 = 0x0028_1101;
/// Red; green and blue follow.
pub(super) const PALETTE_DATA: u32 = 0x0028_1201;
/// Red; green and blue follow.
pub(super) const SEGMENTED_PALETTE_DATA: u32 = 0x0028_1221;
pub(super) const MODALITY_LUT_SEQUENCE: u32 = 0x0028_3000;
pub(super) const LUT_DESCRIPTOR: u32 = 0x0028_3002;
pub(super) const LUT_DATA: u32 = 0x0028_3006;
pub(super) const VOI_LUT_SEQUENCE: u32 = 0x0028_3010;
pub(super) const FRAME_VOI_LUT_SEQUENCE: u32 = 0x0028_9132;
pub(super) const PIXEL_VALUE_TRANSFORMATION_SEQUENCE: u32 = 0x0028_9145;
pub(super) const SHARED_FUNCTIONAL_GROUPS: u32 = 0x5200_9229;
pub(super) const PER_FRAME_FUNCTIONAL_GROUPS: u32 = 0x5200_9230;
pub(super) const EXTENDED_OFFSET_TABLE: u32 = 0x7FE0_0001;
pub(super) const FLOAT_PIXEL_DATA: u32 = 0x7FE0_0008;
pub(super) const DOUBLE_FLOAT_PIXEL_DATA: u32 = 0x7FE0_0009;
pub(super) const PIXEL_DATA: u32 = 0x7FE0_0010;
pub(super) const ITEM: u32 = 0xFFFE_E000;
pub(super) const END_OF_ITEM: u32 = 0xFFFE_E00D;
pub(super) const END_OF_SEQUENCE: u32 = 0xFFFE_E0DD;

/// The groups of overlays are the even ones of these.
pub(super) const OVERLAY_GROUPS: std::ops::RangeInclusive<u32> = 0x6000..=0x60FF;

/// Whether the value of an element is read. All others are passed over.
pub(super) fn is_read(tag: u32) -> bool {
    let is_of_palette = |first: u32| (first..first + 3).contains(&tag);
    READ.contains(&tag) || [PALETTE_DESCRIPTOR, PALETTE_DATA, SEGMENTED_PALETTE_DATA].into_iter().any(is_of_palette)
}

const READ: [u32; 29] = [
    TRANSFER_SYNTAX,
    SAMPLES_PER_PIXEL,
    PHOTOMETRIC_INTERPRETATION,
    PLANAR_CONFIGURATION,
    NUMBER_OF_FRAMES,
    ROWS,
    COLUMNS,
    BITS_ALLOCATED,
    BITS_STORED,
    HIGH_BIT,
    PIXEL_REPRESENTATION,
    BURNED_IN_ANNOTATION,
    WINDOW_CENTER,
    WINDOW_WIDTH,
    RESCALE_INTERCEPT,
    RESCALE_SLOPE,
    VOI_LUT_FUNCTION,
    MODALITY_LUT_SEQUENCE,
    LUT_DESCRIPTOR,
    LUT_DATA,
    VOI_LUT_SEQUENCE,
    FRAME_VOI_LUT_SEQUENCE,
    PIXEL_VALUE_TRANSFORMATION_SEQUENCE,
    SHARED_FUNCTIONAL_GROUPS,
    PER_FRAME_FUNCTIONAL_GROUPS,
    EXTENDED_OFFSET_TABLE,
    FLOAT_PIXEL_DATA,
    DOUBLE_FLOAT_PIXEL_DATA,
    PIXEL_DATA,
];
