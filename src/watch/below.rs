//! What lies below a folder, among what is kept by path.

use std::collections::BTreeMap;
use std::ops::Bound;

/// The entries of `paths` below `folder`, by path relative to the inbox; everything lies below `""`.
pub(super) fn below<'a, T>(paths: &'a BTreeMap<String, T>, folder: &str) -> impl Iterator<Item = (&'a String, &'a T)> {
    beginning_with(paths, if folder.is_empty() { String::new() } else { format!("{folder}/") })
}

/// The entries of `paths` that begin with `start`.
pub(super) fn beginning_with<T>(paths: &BTreeMap<String, T>, start: String) -> impl Iterator<Item = (&String, &T)> {
    let from = (Bound::Included(start.as_str()), Bound::Unbounded);
    paths.range::<str, _>(from).take_while(move |(path, _)| path.starts_with(&start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_what_lies_in_it_and_not_what_begins_like_it() {
        let paths = ["a", "x", "x-1/a", "x/a", "x/b/c", "x0"].map(|path| (path.to_owned(), 0));
        let paths = BTreeMap::from(paths);
        let names = |folder| below(&paths, folder).map(|(path, _)| path.as_str()).collect::<Vec<_>>();
        assert_eq!((names("x"), names("y")), (vec!["x/a", "x/b/c"], vec![]));
        assert_eq!(names("").len(), 6);
    }
}
