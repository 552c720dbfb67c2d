//! The manual page and the completions: told by the program itself, also where its configuration is broken.

use crate::bed::TestBed;

#[test]
fn the_manual_and_the_completions_know_every_command() {
    let bed = TestBed::new();
    bed.write("config.toml", "broken");
    let page = bed.run(&["man"]).ok().stdout;
    let script = bed.run(&["completions", "bash"]).ok().stdout;
    for name in ["run", "augment", "preview", "replay", "train", "explain", "models", "status"] {
        assert!(page.contains(&format!("gradwatch\\-{name}(1)")), "{name}: {page}");
        assert!(script.contains(&format!("gradwatch,{name})")), "{name}");
    }
    assert!(bed.run(&["man", "models", "show"]).ok().stdout.contains(".TH"));
    let ran = bed.run(&["man", "nothing"]);
    assert_eq!((ran.code, ran.stderr.contains("no subcommand `nothing`")), (64, true), "{}", ran.stderr);
}
