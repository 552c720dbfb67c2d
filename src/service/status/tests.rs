//! What a reader is told of living, dead and silent services.

use super::*;
use crate::domain::Reserve;
use crate::service::status_writer::StatusWriter;

fn workspace(dir: &tempfile::TempDir) -> Workspace {
    Workspace::new(dir.path().join("state"))
}

#[test]
fn never_started_is_told_without_making_anything() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(read(&workspace(&dir)).unwrap().state, ServiceState::NeverStarted);
    assert!(!dir.path().join("state").exists());
}

#[test]
fn the_lock_tells_the_living_from_the_dead() {
    let dir = tempfile::tempdir().unwrap();
    let workspace = workspace(&dir);
    let lock = InstanceLock::take(workspace.root()).unwrap();
    assert_eq!(read(&workspace).unwrap().state, ServiceState::Starting, "before it has reported anything");
    let mut board = StatusWriter::new(workspace.clone(), Reserve::NONE, Status::starting("watch"));
    board.update(|status| status.state = ServiceState::Training);
    assert_eq!(read(&workspace).unwrap(), *board.status());
    for last in [ServiceState::Training, ServiceState::Stopped] {
        let other = Status { pid: board.status().pid + 1, state: last, ..board.status().clone() };
        std::fs::write(workspace.status(), serde_json::to_vec(&other).unwrap()).unwrap();
        let read = read(&workspace).unwrap();
        assert_eq!((read.state, read.pid), (ServiceState::Starting, std::process::id()), "{last}: it cannot write");
        assert!(read.waits_for.unwrap().contains("cannot write to the state folder"));
    }
    drop(lock);
    std::fs::write(workspace.status(), serde_json::to_vec(board.status()).unwrap()).unwrap();
    assert_eq!(read(&workspace).unwrap().state, ServiceState::Dead);
    board.update(|status| status.state = ServiceState::Stopped);
    assert_eq!(read(&workspace).unwrap().state, ServiceState::Stopped);
}

#[test]
fn what_is_no_status_is_refused_with_its_path() {
    let dir = tempfile::tempdir().unwrap();
    let workspace = workspace(&dir);
    let mut status = Status::starting("watch");
    status.schema = "gradwatch.status/9".to_owned();
    let newer = serde_json::to_string(&status).unwrap();
    for (text, problem) in [("{", "EOF"), (newer.as_str(), "its schema is `gradwatch.status/9`")] {
        std::fs::create_dir_all(workspace.root()).unwrap();
        std::fs::write(workspace.status(), text).unwrap();
        let error = read(&workspace).unwrap_err().to_string();
        assert!(error.contains("status.json") && error.contains(problem), "{error}");
    }
}

#[test]
fn words_are_those_of_the_file() {
    for state in ServiceState::ALL {
        assert_eq!(serde_json::to_string(&state).unwrap(), format!("\"{state}\""));
    }
}
