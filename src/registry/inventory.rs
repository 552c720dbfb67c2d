//! What sled keeps of its own contents, to be compared with what is there at every opening.

use serde::{Deserialize, Serialize};

use crate::domain::ContentHash;

/// What sled must hold: any record that is lost, changed or gone back to an older state shows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Inventory {
    /// Version of the records.
    pub(super) schema: u16,
    /// The last commit that is in.
    pub(super) seq: u64,
    /// How many records.
    pub(super) n: u64,
    /// Wrapping sum of their checksums.
    sum: u64,
}

impl Inventory {
    /// The key under which it is kept; no record has it.
    pub(super) const KEY: &[u8] = b"inventory";

    /// Counts a record in.
    pub(super) fn add(&mut self, key: &[u8], value: &[u8]) {
        self.n += 1;
        self.sum = self.sum.wrapping_add(checksum(key, value));
    }

    /// Counts a record out that was in.
    pub(super) fn remove(&mut self, key: &[u8], value: &[u8]) {
        self.n = self.n.wrapping_sub(1);
        self.sum = self.sum.wrapping_sub(checksum(key, value));
    }
}

/// The first 8 bytes of the SHA-256 over key and value.
fn checksum(key: &[u8], value: &[u8]) -> u64 {
    let hash = ContentHash::of_parts([key, value]);
    hash.as_bytes().first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_depends_on_every_byte_and_on_no_order() {
        let of = |records: &[(&str, &str)]| {
            let mut inventory = Inventory::default();
            for (key, value) in records {
                inventory.add(key.as_bytes(), value.as_bytes());
            }
            inventory
        };
        let (a, b) = (("key", "value"), ("other", "value 2"));
        assert_eq!(of(&[a, b]), of(&[b, a]));
        for other in [("kez", "value"), ("key", "valud"), ("keyv", "alue")] {
            assert_ne!(of(&[a, b]), of(&[other, b]));
        }
        let mut removed = of(&[a, b]);
        removed.remove(b"other", b"value 2");
        assert_eq!(removed, of(&[a]));
    }
}
