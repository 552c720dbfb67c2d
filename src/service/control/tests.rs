//! The control socket: questions, answers, refusals, and its end.

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::domain::LedgerEvent;

fn refusing(request: Request) {
    let reason = format!("{:?}", request.question);
    request.answer(Answer::refused(Fault::Data, reason));
}

fn listing() -> Question {
    Question::Models { dataset: Some(DatasetName::new("x").unwrap()) }
}

fn workspace(dir: &Path) -> Workspace {
    std::fs::create_dir_all(dir).unwrap();
    Workspace::new(dir)
}

#[test]
fn a_question_is_heard_and_answered() {
    let dir = tempfile::tempdir().unwrap();
    // A path longer than a socket's address holds.
    for folder in [dir.path().to_owned(), dir.path().join("long".repeat(40))] {
        let workspace = workspace(&folder);
        std::fs::write(workspace.control_socket(), b"a leftover").unwrap();
        let server =
            Server::start(&workspace, |request| request.answer(Answer::Models { models: Vec::new() })).unwrap();
        let mode = std::fs::metadata(workspace.control_socket()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o660);
        assert_eq!(ask(&workspace, &listing()).unwrap(), Answer::Models { models: Vec::new() });
        drop(server);
        assert!(!workspace.control_socket().exists());
    }
}

#[test]
fn listed_models_survive_the_socket_as_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let workspace = workspace(dir.path());
    let ledger = two_runs();
    let listed = models(&ledger, &workspace, Some(&DatasetName::new("x").unwrap()));
    assert_eq!(listed.iter().map(|model| model.best).collect::<Vec<_>>(), [false, true]);
    assert_eq!(listed[1].decisions, ledger.decisions.iter().skip(1).cloned().collect::<Vec<_>>());
    assert!(models(&ledger, &workspace, Some(&DatasetName::new("y").unwrap())).is_empty());
    let answer = Answer::Models { models: listed };
    let sent = answer.clone();
    let _server = Server::start(&workspace, move |request| request.answer(sent.clone())).unwrap();
    assert_eq!(ask(&workspace, &listing()).unwrap(), answer);
}

fn two_runs() -> Ledger {
    let mut ledger = Ledger::default();
    for id in ["0001-a", "0002-b"] {
        let record = ModelRecord::example("x", id);
        let (dataset, run_id) = (record.dataset.clone(), record.run_id.clone());
        ledger.apply(&LedgerEvent::Run(Box::new(record)));
        let decision = Choice::Promote.decide(&ledger, &dataset, &run_id, Clock::System).unwrap();
        ledger.apply(&LedgerEvent::Decision(decision));
    }
    ledger
}

#[test]
fn a_refusal_is_an_error_in_the_services_words() {
    let dir = tempfile::tempdir().unwrap();
    let workspace = workspace(dir.path());
    let _server = Server::start(&workspace, refusing).unwrap();
    let error = ask(&workspace, &listing()).unwrap_err().to_string();
    assert!(error.starts_with("Models {"), "{error}");
}

#[test]
fn nonsense_and_silence_are_survived() {
    let dir = tempfile::tempdir().unwrap();
    let workspace = workspace(dir.path());
    let _server = Server::start(&workspace, refusing).unwrap();
    drop(UnixStream::connect(workspace.control_socket()).unwrap());
    let stream = UnixStream::connect(workspace.control_socket()).unwrap();
    (&stream).write_all(b"{\"question\":\"shutdown\"}\n").unwrap();
    let mut line = String::new();
    BufReader::new(&stream).read_line(&mut line).unwrap();
    assert!(line.contains("does not support this request"), "{line}");
    assert!(ask(&workspace, &listing()).unwrap_err().to_string().starts_with("Models {"));
}

/// Connections that say nothing, a part of a line, a line without an end, or that ask and do not read.
fn bad_clients(workspace: &Workspace, n: usize) -> Vec<UnixStream> {
    let giant = vec![b'x'; 4096];
    let question = json_line(&listing()).unwrap();
    let words: [&[u8]; 4] = [b"", b"{\"question\":", &giant, &question];
    let connect = |at: usize| {
        let stream = UnixStream::connect(workspace.control_socket()).unwrap();
        (&stream).write_all(words[at % words.len()]).unwrap();
        stream
    };
    (0..n).map(connect).collect()
}

#[test]
fn no_number_of_bad_clients_keeps_a_question_waiting() {
    let dir = tempfile::tempdir().unwrap();
    let workspace = workspace(dir.path());
    let long = "x".repeat(400_000);
    let server =
        Server::start(&workspace, move |request| request.answer(Answer::refused(Fault::Data, long.clone()))).unwrap();
    for n in [64, 200] {
        let clients = bad_clients(&workspace, n);
        let start = std::time::Instant::now();
        let answer = ask(&workspace, &listing()).unwrap_err().to_string();
        assert_eq!(answer.len(), 400_000);
        assert!(start.elapsed() < Duration::from_millis(1500), "{n}: {:?}", start.elapsed());
        drop(clients);
    }
    let clients = bad_clients(&workspace, 8);
    let start = std::time::Instant::now();
    drop(server);
    assert!(start.elapsed() < Duration::from_millis(1500), "the end waits for nobody: {:?}", start.elapsed());
    drop(clients);
}

#[test]
fn a_byte_now_and_then_does_not_prolong_a_question() {
    let dir = tempfile::tempdir().unwrap();
    let workspace = workspace(dir.path());
    let _server = Server::start(&workspace, refusing).unwrap();
    let mut stream = UnixStream::connect(workspace.control_socket()).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let start = std::time::Instant::now();
    let is_open = |stream: &mut UnixStream| {
        stream.write_all(b" ").is_ok() && !matches!(io::Read::read(stream, &mut [0; 8]), Ok(0))
    };
    while is_open(&mut stream) {
        assert!(start.elapsed() < Duration::from_secs(20), "it is still listened to");
    }
}

#[test]
fn half_a_connection_is_enough_and_what_is_too_long_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let workspace = workspace(dir.path());
    let _server = Server::start(&workspace, refusing).unwrap();
    let question = json_line(&listing()).unwrap();
    for (words, expected) in [
        (question.clone(), "Models {"),
        (question[..question.len() - 1].to_vec(), "Models {"),
        (question[..5].to_vec(), "does not support this request"),
        (b"\xff\n".to_vec(), "does not support this request"),
        (vec![b'['; LONGEST_QUESTION], "does not support this request"),
    ] {
        let stream = UnixStream::connect(workspace.control_socket()).unwrap();
        (&stream).write_all(&words).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line).unwrap();
        assert!(line.contains(expected), "{line}");
    }
}

#[test]
fn without_a_service_the_message_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let error = ask(&workspace(dir.path()), &listing()).unwrap_err();
    assert!(matches!(error, ControlError::NotServed { .. }), "{error}");
}

#[test]
fn a_service_that_ends_waits_for_no_question() {
    let dir = tempfile::tempdir().unwrap();
    let workspace = workspace(dir.path());
    let (sender, heard) = bounded(1);
    let server = Server::start(&workspace, move |request| sender.send(request).unwrap()).unwrap();
    let asked = workspace.clone();
    let asking = thread::spawn(move || ask(&asked, &listing()));
    let unanswered = heard.recv().unwrap();
    drop(server);
    let refused = asking.join().unwrap().unwrap_err().to_string();
    assert_eq!(refused, "the service is stopping; try again when it runs");
    drop(unanswered);
}

#[test]
fn a_service_that_ends_before_it_answers_is_named_as_that() {
    let dir = tempfile::tempdir().unwrap();
    let workspace = workspace(dir.path());
    std::fs::create_dir_all(workspace.control_socket().parent().unwrap()).unwrap();
    let listener = std::os::unix::net::UnixListener::bind(workspace.control_socket()).unwrap();
    let killed = std::thread::spawn(move || drop(listener.accept()));
    let error = ask(&workspace, &listing()).unwrap_err();
    killed.join().unwrap();
    assert!(matches!(error, ControlError::Closed { .. }), "{error}");
    assert!(error.to_string().starts_with("the service ended before it answered on `"), "{error}");
}

#[test]
fn a_service_whose_state_folder_went_away_ends_too() {
    let dir = tempfile::tempdir().unwrap();
    let workspace = Workspace::new(dir.path().join("state"));
    std::fs::create_dir_all(workspace.root()).unwrap();
    let (held, ended) = bounded::<()>(1);
    let hear = move |_| {
        let _ = held.try_send(());
    };
    let server = Server::start(&workspace, hear).unwrap();
    std::fs::rename(workspace.root(), dir.path().join("elsewhere")).unwrap();
    drop(server);
    assert_eq!(ended.try_recv(), Err(crossbeam_channel::TryRecvError::Disconnected), "its thread has ended");
}
