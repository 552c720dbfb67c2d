//! Whatever happens to the files, the ledger says what is in the inbox: against random histories.

use proptest::prelude::*;

use super::tests::Desk;
use super::*;
use crate::ingest::role_of;

const PATHS: [&str; 8] = [
    "datasets/d/a/0.png",
    "datasets/d/a/1.png",
    "datasets/d/b/0.png",
    "datasets/d/b/1.png",
    "datasets/d/b/2.png",
    "datasets/e/a/0.png",
    "scans/0.png",
    "scans/1.png",
];

#[derive(Debug, Clone)]
enum Step {
    Write { path: &'static str, content: &'static str },
    Remove { path: &'static str },
    Move { from: &'static str, to: &'static str },
}

fn step() -> impl Strategy<Value = Step> {
    let path = || prop::sample::select(&PATHS[..]);
    prop_oneof![
        3 => (path(), prop::sample::select(&["x", "y", "z", "broken"][..]))
            .prop_map(|(path, content)| Step::Write { path, content }),
        1 => path().prop_map(|path| Step::Remove { path }),
        2 => (path(), path()).prop_map(|(from, to)| Step::Move { from, to }),
    ]
}

/// Files by path, and what is made of them.
#[derive(Default)]
struct Inbox {
    contents: BTreeMap<&'static str, &'static str>,
    desk: Desk,
}

impl Inbox {
    fn take(&mut self, step: &Step) {
        match *step {
            Step::Write { path, content } => {
                self.contents.insert(path, content);
                self.news(&[path], &[]);
            }
            Step::Remove { path } => {
                self.contents.remove(path);
                self.news(&[], &[path]);
            }
            Step::Move { from, to } => {
                if let Some(content) = self.contents.remove(from) {
                    self.contents.insert(to, content);
                    self.news(&[to], if from == to { &[] } else { std::slice::from_ref(&from) });
                }
            }
        }
    }

    fn news(&mut self, settled: &[&str], gone: &[&str]) {
        self.desk.there = self.contents.keys().map(|path| (*path).to_owned()).collect();
        let inspected = ["x", "y", "z", "broken"].map(|content| (content, self.desk.inspected(content)));
        let inspected = BTreeMap::from(inspected);
        let contents = self.contents.clone();
        let read = |draft: &mut Draft, path: &str| {
            let inspected = &inspected[contents[path]];
            let result = match contents[path] {
                "broken" => Err(Rejection::new("damaged", "it is damaged", "copy it again")),
                _ => draft.admit(path, &role_of(path).unwrap(), inspected),
            };
            if let Err(rejection) = result {
                draft.reject(path, inspected.stamp, &rejection);
            }
        };
        self.desk.step(|draft| {
            for path in settled {
                read(draft, path);
            }
            for path in gone {
                draft.gone(path);
            }
            for path in draft.take_freed() {
                read(draft, &path);
            }
        });
    }

    fn check(&self) {
        let ledger = &self.desk.ledger;
        assert!(ledger.files.keys().eq(self.contents.keys()), "every file is known, and no other");
        for (path, file) in &ledger.files {
            let hash = ContentHash::of(self.contents[path.as_str()].as_bytes());
            match (&file.outcome, role_of(path).unwrap()) {
                (FileOutcome::Sample { dataset, hash: held }, Role::Sample { class, .. }) => {
                    assert_eq!(*held, hash, "{path}");
                    assert_eq!(ledger.samples[&(dataset.clone(), hash)].class, class, "{path}");
                }
                (FileOutcome::Scan { dataset, hash: held }, Role::Scan { .. }) => {
                    assert_eq!(*held, hash, "{path}");
                    assert!(ledger.scans.contains_key(&(dataset.clone(), hash)), "{path}");
                }
                (FileOutcome::Quarantined { code, .. }, Role::Sample { dataset, class }) if code == LABEL_CONFLICT => {
                    assert_ne!(ledger.samples[&(dataset, hash)].class, class, "{path}: no conflict");
                }
                (FileOutcome::Quarantined { .. }, _) => assert_eq!(self.contents[path.as_str()], "broken"),
                (outcome, role) => panic!("{path}: {role:?} became {outcome:?}"),
            }
        }
        for ((dataset, hash), sample) in &ledger.samples {
            let held = FileOutcome::Sample { dataset: dataset.clone(), hash: *hash };
            assert_eq!(ledger.files[&sample.path].outcome, held, "a sample lies where it says");
        }
        for ((dataset, hash), scan) in &ledger.scans {
            let held = FileOutcome::Scan { dataset: dataset.clone(), hash: *hash };
            assert_eq!(ledger.files[&scan.path].outcome, held, "a scan lies where it says");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_ledger_says_what_is_in_the_inbox(steps in prop::collection::vec(step(), 1..40)) {
        let mut inbox = Inbox::default();
        for step in &steps {
            inbox.take(step);
            inbox.check();
        }
    }
}
