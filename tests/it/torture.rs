//! Sweeps of faults: kills, torn writes, errors and full disks at counted operations, and what the next run makes of them.
//!
//! Twelve points of each in every `make test`; `make torture` runs the ignored tests, with hundreds. `sweep` is a life under
//! faults, `passing` a service with a fault that comes and goes, `full_disk` the same on a file system without room, `erasure` a `forget` under faults.

mod campaign;
mod erasure;
mod errors;
mod facts;
mod faultline;
mod full_disk;
mod growth;
mod kills;
mod passing;
mod scene;
mod sweep;

use campaign::Size;

#[test]
fn a_run_that_was_killed_ends_as_an_undisturbed_one() {
    kills::sweep(Size::Few);
}

#[test]
fn a_run_with_errors_claims_nothing_false_and_the_next_one_completes_it() {
    errors::sweep(Size::Few);
}

#[test]
fn a_failed_write_of_the_registry_ends_the_run() {
    errors::registry_sweep(Size::Few);
}

#[test]
fn a_service_waits_while_a_fault_stands_and_resumes_after_it() {
    passing::sweep(Size::Few);
}

#[test]
fn a_service_on_a_full_disk_resumes_when_there_is_room() {
    full_disk::sweep(Size::Few);
}

#[test]
#[ignore = "minutes; make torture runs it"]
fn many_kills() {
    kills::sweep(Size::Many);
}

#[test]
#[ignore = "minutes; make torture runs it"]
fn many_errors() {
    errors::sweep(Size::Many);
}

#[test]
#[ignore = "minutes; make torture runs it"]
fn many_errors_of_the_registry() {
    errors::registry_sweep(Size::Many);
}

#[test]
#[ignore = "minutes; make torture runs it"]
fn many_passing_faults() {
    passing::sweep(Size::Many);
}

#[test]
#[ignore = "minutes; make torture runs it"]
fn many_full_disks() {
    full_disk::sweep(Size::Many);
}
