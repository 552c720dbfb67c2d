//! Images that lie in the inbox where no inputs are looked for: a frequent mistake, which must not pass in silence.

use std::fs::{self, DirEntry, FileType};
use std::path::Path;

use walkdir::WalkDir;

/// Endings of image files, in small letters.
const IMAGES: [&str; 9] = ["png", "jpg", "jpeg", "bmp", "webp", "tif", "tiff", "dcm", "gif"];

/// How much of a folder is looked at; more would make every survey slow.
const LOOKS: usize = 10_000;

/// Entries of the inbox that are no inputs (`is_outside`) and are an image, or a folder that holds one; folders end in `/`.
pub(super) fn images_outside(inbox: &Path, is_outside: impl Fn(&Path) -> bool) -> Vec<String> {
    let entries = fs::read_dir(inbox).into_iter().flatten().filter_map(Result::ok);
    entries.filter(|entry| is_outside(&entry.path())).filter_map(|entry| named(&entry)).collect()
}

fn named(entry: &DirEntry) -> Option<String> {
    let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
    let kind = entry.file_type().ok()?;
    if kind.is_dir() {
        let mut within = WalkDir::new(&path).into_iter().take(LOOKS).filter_map(Result::ok);
        return within.any(|entry| is_image(entry.path(), entry.file_type())).then(|| format!("{name}/"));
    }
    is_image(&path, kind).then_some(name)
}

fn is_image(path: &Path, kind: FileType) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    kind.is_file() && ending.is_some_and(|ending| IMAGES.contains(&ending.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_and_folders_of_images_are_named_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        for path in ["a.PNG", "README.md", "xray/c/b.jpeg", "notes/c/b.txt", "scans/c.png"] {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        let mut named = images_outside(dir.path(), |path| !path.ends_with("scans"));
        named.sort();
        assert_eq!(named, ["a.PNG", "xray/"]);
    }
}
