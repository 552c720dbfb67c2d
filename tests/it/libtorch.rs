//! What needs libtorch opens it, and nothing else does: it takes longer than explaining a scan.

use std::path::Path;

use crate::bed::{Ran, TestBed, finish};
use crate::pictures::{self, Look};

/// With a libtorch that cannot be loaded in the place that is looked at first.
fn without_libtorch(bed: &TestBed, args: &[&str]) -> Ran {
    bed.write("broken/libtorch_cpu.so", "no library");
    let mut command = bed.command(args);
    command.env("LD_LIBRARY_PATH", bed.path("broken"));
    finish(command)
}

#[test]
fn a_scan_is_explained_without_libtorch_where_the_processor_has_fused_products() {
    let bed = TestBed::new().sharing_features().set("augment.copies", "0").set("train.max_epochs", "2");
    bed.drop_dataset(4);
    bed.write("scan.png", pictures::png(Look::Disc, 77));
    bed.run(&["train", "inbox/datasets/shapes"]).ok();
    let explained = bed.run(&["explain", "scan.png", "--out", "with"]).ok();
    let without = without_libtorch(&bed, &["explain", "scan.png", "--out", "without"]);
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        let score = |ran: Ran| ran.stdout.split_once("  ").unwrap().0.to_owned();
        assert_eq!(score(without.ok()), score(explained));
    } else {
        assert!(without.stderr.contains("libtorch cannot be opened"), "{}", without.stderr);
    }
}

#[test]
fn what_asks_nothing_of_the_network_runs_without_libtorch_and_the_service_says_that_it_is_missing() {
    let bed = TestBed::new();
    without_libtorch(&bed, &["status"]).ok();
    without_libtorch(&bed, &["models", "list"]).ok();
    let refused = without_libtorch(&bed, &["run"]);
    assert_eq!(refused.code, 70, "{}", refused.stderr);
    let broken = bed.path("broken/libtorch_cpu.so");
    let last = refused.stderr.lines().last().unwrap();
    assert!(last.starts_with("gradwatch: libtorch cannot be opened (") && last.contains("make setup"), "{last}");
    assert!(last.contains(Path::new(&broken).to_str().unwrap()), "{last}");
}
