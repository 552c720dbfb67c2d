//! What is counted since the state folder was made. A new counter is one line of the table below.

use std::collections::BTreeMap;
use std::ops::{Index, IndexMut};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The enum, and what is known of each of its variants, from one table.
macro_rules! counters {
    ($($variant:ident, $name:literal, $help:literal, $phrase:literal;)+) => {
        /// What is counted since the state folder was made.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Counter {
            $(#[doc = $help] #[serde(rename = $name)] $variant,)+
        }

        impl Counter {
            /// All of them, in the order of their discriminants.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];

            /// The fixed name in the journal, in `status.json` and in the metrics: scripts rely on it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// One sentence that says what is counted.
            pub fn help(self) -> &'static str {
                match self { $(Self::$variant => $help,)+ }
            }

            /// What follows the number in a sentence.
            pub fn phrase(self) -> &'static str {
                match self { $(Self::$variant => $phrase,)+ }
            }
        }
    };
}

counters! {
    Samples, "samples", "Distinct labelled images taken in.", "labelled image(s) taken in";
    CopiesWritten, "copies_written", "Augmented copies written.", "augmented copies written";
    ImagesForwarded, "images_forwarded", "Backbone forwards of user images, copies and scans.", "images sent through the network";
    Trainings, "trainings", "Trainings finished.", "model(s) trained";
    ScansExplained, "scans_explained", "Scan reports written.", "scan(s) explained";
    Quarantined, "quarantined", "Files quarantined with a reason.", "file(s) quarantined";
}

/// The value of each counter; in JSON an object with one number a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters([u64; Counter::ALL.len()]);

impl Counters {
    /// What was counted since `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self(Counter::ALL.map(|counter| self[counter] - earlier[counter]))
    }

    /// Each counter with its value.
    pub fn iter(&self) -> impl Iterator<Item = (Counter, u64)> {
        Counter::ALL.into_iter().zip(self.0)
    }
}

impl Index<Counter> for Counters {
    type Output = u64;

    fn index(&self, counter: Counter) -> &u64 {
        &self.0[counter as usize]
    }
}

impl IndexMut<Counter> for Counters {
    fn index_mut(&mut self, counter: Counter) -> &mut u64 {
        &mut self.0[counter as usize]
    }
}

impl Serialize for Counters {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(counter, n)| (counter.name(), n)))
    }
}

impl<'de> Deserialize<'de> for Counters {
    /// A counter that is not there is 0: it is younger than what is read. A name that this version does not know is left out.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let values = BTreeMap::<String, u64>::deserialize(deserializer)?;
        Ok(Self(Counter::ALL.map(|counter| values.get(counter.name()).copied().unwrap_or(0))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_in_json_are_fixed() {
        let mut counters = Counters::default();
        for (n, counter) in Counter::ALL.into_iter().enumerate() {
            counters[counter] = n as u64;
            assert_eq!(serde_json::to_value(counter).unwrap(), counter.name(), "as in the journal");
        }
        let json = serde_json::to_string(&counters).unwrap();
        let expected = r#"{"samples":0,"copies_written":1,"images_forwarded":2,"trainings":3,"scans_explained":4,"quarantined":5}"#;
        assert_eq!(json, expected);
        assert_eq!(serde_json::from_str::<Counters>(&json).unwrap(), counters);
    }

    #[test]
    fn records_of_other_versions_are_read() {
        let counters: Counters = serde_json::from_str(r#"{"trainings":2,"unknown":7}"#).unwrap();
        assert_eq!(counters.iter().filter(|(_, n)| *n > 0).collect::<Vec<_>>(), [(Counter::Trainings, 2)]);
        assert!(serde_json::from_str::<Counters>(r#"{"trainings":-2}"#).is_err());
    }
}
