//! The numbers of the tags that decide how an image is read: TIFF 6.0, its technical notes, and what programs added.

pub(super) const NEW_SUBFILE_TYPE: u16 = 254;
pub(super) const SUBFILE_TYPE: u16 = 255;
pub(super) const IMAGE_WIDTH: u16 = 256;
pub(super) const IMAGE_LENGTH: u16 = 257;
pub(super) const BITS_PER_SAMPLE: u16 = 258;
pub(super) const COMPRESSION: u16 = 259;
pub(super) const PHOTOMETRIC: u16 = 262;
pub(super) const FILL_ORDER: u16 = 266;
pub(super) const IMAGE_DESCRIPTION: u16 = 270;
pub(super) const STRIP_OFFSETS: u16 = 273;
pub(super) const ORIENTATION: u16 = 274;
pub(super) const SAMPLES_PER_PIXEL: u16 = 277;
pub(super) const ROWS_PER_STRIP: u16 = 278;
pub(super) const STRIP_BYTE_COUNTS: u16 = 279;
pub(super) const MAX_SAMPLE_VALUE: u16 = 281;
pub(super) const PLANAR_CONFIGURATION: u16 = 284;
pub(super) const PREDICTOR: u16 = 317;
pub(super) const COLOR_MAP: u16 = 320;
pub(super) const TILE_WIDTH: u16 = 322;
pub(super) const TILE_LENGTH: u16 = 323;
pub(super) const TILE_OFFSETS: u16 = 324;
pub(super) const TILE_BYTE_COUNTS: u16 = 325;
pub(super) const SUB_IFDS: u16 = 330;
pub(super) const INK_SET: u16 = 332;
pub(super) const EXTRA_SAMPLES: u16 = 338;
pub(super) const SAMPLE_FORMAT: u16 = 339;
pub(super) const S_MIN_SAMPLE_VALUE: u16 = 340;
pub(super) const S_MAX_SAMPLE_VALUE: u16 = 341;
pub(super) const JPEG_TABLES: u16 = 347;
/// Of volumes, by Silicon Graphics.
pub(super) const IMAGE_DEPTH: u16 = 32_997;
/// `MetaMorph`'s stacks: one entry for each plane, behind one directory.
pub(super) const STACK_PLANES: u16 = 33_629;
/// The version of the DNG specification: a camera's raw data.
pub(super) const DNG_VERSION: u16 = 50_706;
/// Hamamatsu's slide scanners mark their files with it.
pub(super) const NDPI: u16 = 65_420;
