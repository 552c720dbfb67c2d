//! The systemd unit: systemd accepts it, it is as closed as it says, and it agrees with the program.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use gradwatch::config::{Overrides, load};
use regex::Regex;

use crate::bed::{self, TestBed};
use crate::dicom_scans::names;

const UNIT: &str = include_str!("../../systemd/gradwatch.service");
const INSTALLED: &str = "/usr/local/bin/gradwatch";

/// The unit as systemd would find it, but with the program just built.
fn installed(bed: &TestBed) -> std::path::PathBuf {
    bed.write("gradwatch.service", UNIT.replace(INSTALLED, env!("CARGO_BIN_EXE_gradwatch")))
}

#[test]
fn systemd_accepts_the_unit_without_a_word() {
    let Some(analyze) = bed::tool("systemd-analyze") else { return };
    let bed = TestBed::new();
    let mut command = Command::new(analyze);
    command.arg("verify").arg("--man=no").arg(installed(&bed));
    let ran = bed::finish(command).ok();
    assert_eq!(ran.stdout + &ran.stderr, "");
}

#[test]
fn everything_that_the_unit_starts_may_be_executed() {
    let values = |key: &str| UNIT.lines().filter_map(|line| line.strip_prefix(key)).collect::<Vec<_>>();
    let allowed: Vec<&str> = values("ExecPaths=").into_iter().flat_map(str::split_whitespace).collect();
    let started = values("ExecStart=").into_iter().chain(values("ExecReload="));
    let programs: Vec<&str> = started.filter_map(|command| command.split_whitespace().next()).collect();
    assert_eq!((values("NoExecPaths=").as_slice(), programs.len()), (&["/"][..], 3));
    for program in programs {
        assert!(allowed.iter().any(|path| Path::new(program).starts_with(path)), "{program} is not in {allowed:?}");
    }
}

#[test]
fn systemd_accepts_the_units_that_receive_and_send() {
    let Some(analyze) = bed::tool("systemd-analyze").filter(|_| bed::tool("storescp").is_some()) else { return };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd");
    let units = ["gradwatch-receive.service", "gradwatch-send.path", "gradwatch-send.service"];
    let mut command = Command::new(analyze);
    command.arg("verify").arg("--man=no").args(units.map(|unit| folder.join(unit)));
    let ran = bed::finish(command).ok();
    assert_eq!(ran.stdout + &ran.stderr, "");
}

/// Stands in for dcmtk's: refuses `b.dcm`, while a newer `c.dcm` is written, and notes what it sends.
const STORESCU: &str = "#!/bin/sh
for last; do :; done
echo \"$last\" >>sent
case $last in
    */b.dcm) exit 1 ;;
    */c.dcm) echo newer >c.dcm ;;
esac
";

#[test]
fn what_a_pacs_refuses_or_is_newer_stays_in_the_outbox_and_the_rest_is_sent() {
    let bed = TestBed::new();
    bed.write("tools/storescu", STORESCU);
    fs::set_permissions(bed.path("tools/storescu"), fs::Permissions::from_mode(0o755)).unwrap();
    for file in ["a", "b", "c", "sending/d"] {
        bed.write(format!("outbox/{file}.dcm"), "result");
    }
    let send = |outbox: &str| {
        let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/send-outbox"));
        let path = format!("{}:{}", bed.path("tools").display(), std::env::var("PATH").unwrap());
        command.arg(bed.path(outbox)).env("PATH", path).env("PACS", "pacs.example.org");
        bed::finish(command).code
    };
    assert_eq!(send("outbox"), 1);
    let log = fs::read_to_string(bed.path("outbox/sent")).unwrap();
    assert_eq!(log, "sending/a.dcm\nsending/b.dcm\nsending/c.dcm\nsending/d.dcm\n");
    assert_eq!(names(&bed.path("outbox")), ["b.dcm", "c.dcm", "sending", "sent"]);
    assert!(names(&bed.path("outbox/sending")).is_empty());
    assert_eq!(fs::read_to_string(bed.path("outbox/c.dcm")).unwrap(), "newer\n");
    bed.write("empty/sent", "");
    assert_eq!((send("empty"), send("nowhere")), (0, 2));
}

#[test]
fn the_service_is_as_closed_as_its_readme_says() {
    let Some(analyze) = bed::tool("systemd-analyze") else { return };
    let bed = TestBed::new();
    let mut command = Command::new(analyze);
    // The threshold counts tenths.
    command.args(["security", "--offline=true", "--no-pager", "--threshold=5"]).arg(installed(&bed));
    bed::finish(command).ok();
}

#[test]
fn its_commands_are_commands_of_the_program() {
    let bed = TestBed::new();
    let starts = Regex::new(r"(?m)^ExecStart(?:Pre)?=/usr/local/bin/gradwatch (.*)$").unwrap();
    let commands: Vec<_> = starts.captures_iter(UNIT).map(|found| found[1].to_owned()).collect();
    assert!(commands.iter().any(|command| command.starts_with("run ")), "{commands:?}");
    for command in commands {
        let (subcommand, flags) = command.split_once(' ').unwrap();
        let help = bed.run(&[subcommand, "--help"]).ok().stdout;
        for flag in flags.split(' ').filter(|word| word.starts_with("--")) {
            assert!(help.contains(flag), "`gradwatch {subcommand}` has no {flag}");
        }
    }
}

#[test]
fn a_restart_is_not_tried_for_what_it_cannot_mend() {
    let codes = Regex::new(r"RestartPreventExitStatus=(.*)").unwrap().captures(UNIT).unwrap()[1].to_owned();
    let bed = TestBed::new();
    let code_of = |args: &[&str]| bed.run(args).code.to_string();
    let wrong_arguments = code_of(&["check", "--nonsense"]);
    let wrong_configuration = code_of(&["check", "--set=train.max_epochs=0"]);
    for code in [wrong_arguments, wrong_configuration] {
        assert!(codes.split(' ').any(|listed| listed == code), "{code} is not in {codes}");
    }
}

#[test]
fn only_what_a_person_must_change_is_final() {
    let keys: Vec<&str> = UNIT.lines().filter(|line| !line.starts_with('#')).collect();
    for needed in ["StartLimitIntervalSec=0", "Restart=on-failure", "RestartPreventExitStatus=64 65 78"] {
        assert!(keys.contains(&needed), "{needed}");
    }
    // Codes of other processes than the main one are not covered, and a mount that is required and fails is not waited for.
    for barred in ["ExecStartPre=", "ExecCondition=", "RequiresMountsFor=", "Requires=", "BindsTo=", "StartLimitBurst="]
    {
        assert!(!keys.iter().any(|line| line.starts_with(barred)), "{barred}");
    }
}

#[test]
fn a_service_refuses_a_wrong_configuration_before_it_is_ready_and_status_says_so() {
    let bed = TestBed::new();
    bed.write("damaged.safetensors", "no weights");
    for (set, code, reason) in [
        ("--set=backbone.weights=absent.safetensors", 78, "names a file that does not exist"),
        ("--set=backbone.weights=damaged.safetensors", 65, "damaged.safetensors"),
    ] {
        let ran = bed.run(&["run", set]);
        assert_eq!(ran.code, code, "{}", ran.stderr);
        let status = bed.status();
        assert_eq!((&status["state"], &status["end"]["exit_code"]), (&"stopped".into(), &code.into()), "{status:#}");
        assert_eq!((&status["end"]["had_started"], &status["end"]["restarts"]), (&false.into(), &false.into()));
        let shown = bed.run(&["status"]).ok().stdout;
        assert!(shown.starts_with("The service did not start (exit code ") && shown.contains(reason), "{shown}");
    }
    assert_eq!(bed.run(&["run", "--set=train.max_epochs=0"]).code, 78);
    assert_eq!(bed.run(&["run", "--nonsense"]).code, 64);
    bed.run(&["run", "--once"]).ok();
    let status = bed.status();
    assert!(status["end"].is_null() && status["last_error"].is_null(), "{status:#}");
}

#[test]
fn its_configuration_and_its_folders_agree() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd");
    let settings = load(&Overrides { file: Some(root.join("config.toml")), ..Overrides::default() }).unwrap();
    let folders = [settings.watch.inbox, settings.state_dir].map(|path| path.display().to_string());
    assert!(
        UNIT.contains(&format!("StateDirectory={}\n", folders[1].strip_prefix("/var/lib/").unwrap())),
        "{folders:?}"
    );
    assert!(fs::read_to_string(root.join("gradwatch.tmpfiles.conf")).unwrap().contains(&format!("d {} ", folders[0])));
    assert!(fs::read_to_string(root.join("gradwatch.sysusers.conf")).unwrap().trim_end().ends_with(&folders[1]));
}
