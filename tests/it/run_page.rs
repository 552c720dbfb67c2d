//! A run's page as its reader meets it: in a real browser, wide and narrow, with mistakes to look at.

use std::fs;
use std::path::PathBuf;

use crate::bed::TestBed;
use crate::browser::Browser;
use crate::pictures::{self, Look};

/// Trains on pictures of which every third has the other's label, so that some are taken for what they are.
fn mislabelled(bed: &TestBed) -> PathBuf {
    for (look, other) in [(Look::Bars, Look::Disc), (Look::Disc, Look::Bars)] {
        for number in 0..9 {
            let label = if number % 3 == 0 { other } else { look };
            bed.write(format!("shapes/{label}/{look}-{number}.png"), pictures::png(look, number));
        }
    }
    let model = bed.run(&["train", "shapes", "--json"]).ok().json();
    bed.state(format!("runs/shapes/{}/report.html", model["run_id"].as_str().unwrap()))
}

#[test]
fn mistakes_are_shown_with_their_maps_on_every_width() {
    let bed = TestBed::new().set("augment.copies", "0").set("split.validation", "0.4").set("train.max_epochs", "5");
    let page = mislabelled(&bed);
    let html = fs::read_to_string(&page).unwrap();
    let n_mistakes = html.matches("as the network receives it\"").count();
    assert!((1..=12).contains(&n_mistakes) && !html.contains("Image not available"), "{n_mistakes} mistakes");
    assert!(html.len() < 1_000_000, "{} bytes", html.len());

    let Some(mut browser) = Browser::start() else { return };
    for (width, scheme) in [(1300, "light"), (420, "dark")] {
        browser.look(width, scheme);
        browser.open(&page);
        assert_eq!(browser.complaints(), Vec::<String>::new());
        browser.has_no_barriers();
        assert_eq!(browser.requests().len(), 1, "the page and nothing else");
        let drawn = "Promise.all([...document.images].map(i => i.decode())).then(all => all.length)";
        assert_eq!(browser.value(drawn), 3 * n_mistakes + 1, "each with two maps, and the colour map");
        assert_eq!(browser.value("[...document.images].every(i => i.alt && i.clientWidth > 90)"), true);
        let beyond = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(browser.value(beyond), 0, "nobody scrolls sideways at {width} pixels");
    }
}
