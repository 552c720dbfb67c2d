//! Which image of a file is read: the first page, not a thumbnail or a mask; pyramids and raw files are refused.

use image::metadata::Orientation;

use super::writer::{CLASSIC, Form, Numbers, file};
use super::{LIMITS, Pixels, decode, decoded, refusal};

const REDUCED: u64 = 1;
const MASK: u64 = 4;

/// A grey page of one level.
fn page(width: usize, height: usize, level: u64) -> (Form, Vec<u64>) {
    (Form { width, height, ..Form::new(8, 1, 1) }, vec![level; width * height])
}

fn flagged((form, samples): (Form, Vec<u64>), kind: u64) -> (Form, Vec<u64>) {
    (form.with(254, &[kind]), samples)
}

fn tiled((form, samples): (Form, Vec<u64>)) -> (Form, Vec<u64>) {
    (Form { tile: Some((16, 16)), ..form }, samples)
}

/// Checks the level that is read, and which of the pages it is of.
fn check(pages: &[(Form, Vec<u64>)], level: u8, part: Option<&str>) {
    for is_big in [false, true] {
        let picture = decoded(&file(Numbers { is_big, ..CLASSIC }, pages));
        let Pixels::U8(levels) = picture.pixels() else { panic!("8 bits stay 8") };
        assert_eq!((levels[0], picture.facts().part.as_deref()), (level, part));
    }
}

#[test]
fn the_first_of_several_pages_is_read_and_said() {
    check(&[page(20, 10, 1)], 1, None);
    check(&[page(20, 10, 1), page(20, 10, 2), page(20, 10, 3)], 1, Some("page 1 of 3"));
    check(&[page(20, 10, 1), page(50, 30, 2)], 1, Some("page 1 of 2"));
    check(&[page(20, 10, 1), flagged(page(8, 4, 2), REDUCED)], 1, Some("page 1 of 2"));
}

#[test]
fn a_thumbnail_before_the_image_is_not_read() {
    check(&[flagged(page(20, 10, 1), REDUCED), page(20, 10, 2)], 2, Some("page 2 of 2"));
    check(&[flagged(page(9, 9, 1), REDUCED), page(20, 10, 2), page(40, 30, 3)], 3, Some("page 3 of 3"));
    check(&[page(10, 5, 1), page(40, 20, 2)], 2, Some("page 2 of 2"));
    check(&[page(10, 5, 1), page(41, 21, 2), page(41, 21, 3)], 2, Some("page 2 of 3"));
    check(&[page(10, 5, 1), (page(40, 20, 2).0.with(255, &[2]), vec![2; 800])], 1, Some("page 1 of 2"));
    check(&[flagged(page(10, 5, 1), REDUCED)], 1, None);
}

#[test]
fn a_mask_is_not_read() {
    check(&[flagged(page(20, 10, 1), MASK), page(20, 10, 2)], 2, Some("page 2 of 2"));
    assert_eq!(refusal(&file(CLASSIC, &[flagged(page(20, 10, 1), MASK)])).code(), "unsupported");
}

#[test]
fn pyramids_and_slides_are_refused_by_name() {
    let aperio = (page(20, 10, 1).0.with_bytes(270, b"Aperio Image Library v11\0"), vec![1; 200]);
    let hamamatsu = (page(20, 10, 1).0.with(65_420, &[1]), vec![1; 200]);
    for pages in [
        vec![tiled(page(64, 48, 1)), flagged(tiled(page(32, 24, 2)), REDUCED)],
        vec![tiled(page(64, 48, 1)), tiled(page(32, 24, 2)), tiled(page(16, 12, 3))],
        vec![page(64, 48, 1), flagged(page(32, 24, 2), REDUCED), flagged(page(16, 12, 3), REDUCED)],
        vec![tiled(page(16, 12, 3)), tiled(page(64, 48, 1))],
        vec![aperio],
        vec![hamamatsu],
    ] {
        let error = refusal(&file(CLASSIC, &pages));
        assert!(error.code() == "unsupported" && error.to_string().contains("slide pyramid"), "{error}");
    }
    // A stack whose images have thumbnails of one size is none.
    let thumbnail = || flagged(page(16, 12, 2), REDUCED);
    check(&[page(64, 48, 1), thumbnail(), page(64, 48, 3), thumbnail()], 1, Some("page 1 of 4"));
}

#[test]
fn levels_below_the_image_are_a_pyramid_too() {
    // The second page lies behind the first; the tag of its levels names it.
    let pages = [tiled(page(64, 48, 1)), tiled(page(32, 24, 2))];
    let both = file(CLASSIC, &pages);
    let place = |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let named = (pages[0].0.clone().with(330, &[1]), pages[0].1.clone());
    let mut bytes = file(CLASSIC, &[named, pages[1].clone()]);
    let first = place(&bytes, 4) as usize;
    let n_entries = usize::from(u16::from_le_bytes([bytes[first], bytes[first + 1]]));
    let link = first + 2 + 12 * n_entries;
    let level = place(&bytes, link);
    let entry = (0..n_entries).map(|at| first + 2 + 12 * at).find(|&at| bytes[at..at + 2] == 330_u16.to_le_bytes());
    bytes[entry.unwrap() + 8..][..4].copy_from_slice(&level.to_le_bytes());
    bytes[link..link + 4].fill(0);
    assert!(both.len() < bytes.len());
    assert!(refusal(&bytes).to_string().contains("slide pyramid"));
}

#[test]
fn raw_data_of_cameras_are_refused_by_name() {
    let dng = page(20, 10, 1).0.with(50_706, &[1, 4, 0, 0]);
    let preview = page(20, 10, 1).0.with(254, &[REDUCED]).with(330, &[8]);
    for form in [dng, preview] {
        assert!(refusal(&form.file(&[1; 200])).to_string().contains("raw data of a camera"));
    }
}

/// A file of one directory and, behind it, `n_planes` planes of 200 bytes.
fn stack(description: &str, n_planes: usize) -> Vec<u8> {
    let form = page(20, 10, 1).0.with_bytes(270, description.as_bytes());
    let n_before = form.clone().with(273, &[0]).with(279, &[200]).with(278, &[10]).file(&[1; 200]).len();
    let form = form.with(273, &[n_before as u64]).with(279, &[200]).with(278, &[10]);
    let mut bytes = form.file(&[9; 200]);
    bytes.extend(vec![1; 200 * n_planes]);
    // The directory is behind the data that the writer wrote, which nothing names any more.
    bytes
}

#[test]
fn planes_behind_one_directory_are_counted_and_must_be_there() {
    let part = |bytes: &[u8]| decoded(bytes).facts().part;
    for description in ["ImageJ=1.54f\nimages=7\nslices=7\n", "ImageJ=1.11a\nimages=7"] {
        assert_eq!(part(&stack(description, 7)).as_deref(), Some("page 1 of 7"));
        assert_eq!(refusal(&stack(description, 6)).code(), "truncated");
        assert_eq!(part(&stack(description, 1)), None, "saved by another program, which kept the text");
        let behind = page(20, 10, 1).0.with_bytes(270, description.as_bytes());
        assert_eq!(part(&behind.file(&[1; 200])), None, "also by another");
    }
    assert_eq!(part(&stack("images=7", 7)), None);
    assert_eq!(refusal(&stack("ImageJ=1\nimages=4294967295", 2)).code(), "truncated");
    let metamorph = Form { height: 70, rows_per_strip: 70, ..page(20, 10, 1).0 }.with(257, &[10]).with(279, &[200]);
    check(&[(metamorph.with(33_629, &[0; 7]), vec![1; 1400])], 1, Some("page 1 of 7"));
}

#[test]
fn pages_in_a_circle_are_damage() {
    let mut bytes = file(CLASSIC, &[page(20, 10, 1)]);
    let end = bytes.len() - 4;
    let first: [u8; 4] = bytes[4..8].try_into().unwrap();
    bytes[end..].copy_from_slice(&first);
    assert_eq!(refusal(&bytes).code(), "damaged");
}

#[test]
fn the_orientation_is_read_as_a_number_of_any_size() {
    let expected = [Orientation::Rotate90, Orientation::NoTransforms, Orientation::NoTransforms];
    for kind in [1, 3, 4, 9] {
        for (value, expected) in [6, 0, 300].into_iter().zip(expected) {
            let mut form = page(20, 10, 1).0;
            form.more.push((274, kind, vec![value]));
            let (_, orientation) = decode(&form.file(&[1; 200]), &LIMITS).unwrap();
            assert!(orientation == expected || kind == 1 && value > 255, "type {kind}, {value}: {orientation:?}");
        }
    }
}
