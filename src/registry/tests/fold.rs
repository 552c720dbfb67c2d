//! Whatever is committed, in whatever order: reopening gives the fold of the events, from sled and from the journal alike.

use proptest::prelude::*;

use super::{Bench, events};
use crate::domain::{Counter, Ledger, LedgerEvent, Split};
use crate::registry::journal::{self, Journal};
use crate::registry::repairs::Repairs;

fn event() -> impl Strategy<Value = LedgerEvent> {
    let n = 0..6_u64;
    let sides = [Split::Train, Split::Validation, Split::Test, Split::Excluded];
    let split = prop::option::of(prop::sample::select(sides.to_vec()));
    let id = prop::sample::select(vec!["0001-cafe", "0002-beef"]);
    prop_oneof![
        n.clone().prop_map(events::file),
        n.clone().prop_map(events::file_gone),
        (n.clone(), split).prop_map(|(n, split)| events::sample(n, split)),
        n.clone().prop_map(events::sample_gone),
        n.clone().prop_map(events::former_sample),
        (0..4_usize, n.clone()).prop_map(|(step, n)| events::forgetting(step, n)),
        (n.clone(), prop::option::of(id.clone())).prop_map(|(n, by)| events::scan(n, by)),
        (id.clone(), 0.0..1.0_f64).prop_map(|(id, acc)| LedgerEvent::Run(Box::new(events::model(id, acc, b"w")))),
        (id, any::<bool>()).prop_map(|(id, promoted)| events::decision(id, promoted, None)),
        n.prop_map(|n| events::counted(Counter::ImagesForwarded, n)),
    ]
}

fn folded(commits: &[Vec<LedgerEvent>]) -> Ledger {
    let mut ledger = Ledger::default();
    for event in commits.iter().flatten() {
        ledger.apply(event);
    }
    ledger
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn a_compacted_journal_folds_into_the_same(
        commits in prop::collection::vec(prop::collection::vec(event(), 0..6), 0..6),
        more in prop::collection::vec(event(), 0..6),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.ndjson");
        let read = || journal::read(&path, &mut Repairs::default()).unwrap();
        let recorded = || read().events_after(0).unwrap();
        let mut journal = Journal::open(&path, 0).unwrap();
        for events in &commits {
            journal.append(events).unwrap();
        }
        let (ledger, seq) = (folded(&[recorded()]), read().last_seq());
        prop_assert_eq!(&ledger, &folded(&commits));
        journal::compact(&path, &ledger, seq).unwrap();
        prop_assert!(read().is_complete());
        prop_assert_eq!(read().last_seq(), seq);
        prop_assert_eq!(&folded(&[recorded()]), &ledger);
        Journal::open(&path, seq).unwrap().append(&more).unwrap();
        prop_assert!(read().is_complete() && read().continues(seq));
        prop_assert_eq!(folded(&[recorded()]), folded(&[commits.concat(), more]));
    }

    #[test]
    fn reopening_gives_the_fold_of_the_events(
        commits in prop::collection::vec(prop::collection::vec(event(), 0..6), 0..6),
    ) {
        let (bench, ledger) = Bench::after(&commits);
        prop_assert_eq!(&ledger, &folded(&commits));
        prop_assert_eq!(bench.reopen(&ledger), []);
        std::fs::remove_dir_all(bench.workspace.registry()).unwrap();
        bench.reopen(&ledger);
        std::fs::remove_file(bench.workspace.journal()).unwrap();
        bench.reopen(&ledger);
        std::fs::remove_dir_all(bench.workspace.registry()).unwrap();
        bench.reopen(&ledger);
    }
}
