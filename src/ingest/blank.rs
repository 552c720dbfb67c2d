//! Message on labelled images that show nothing.

use super::leaks::listed;
use crate::domain::Sample;

/// Of the samples among `samples` that are black, white or of one level; `None` when there are none.
pub fn blank_message<'a>(samples: impl IntoIterator<Item = &'a Sample>) -> Option<String> {
    let blank = samples.into_iter().filter(|sample| sample.image.blank);
    let (n, files) = listed(blank.map(|sample| sample.path.as_str()))?;
    Some(format!("{n} black, white or of one level ({files}); nothing can be learned from that, so remove such files"))
}
