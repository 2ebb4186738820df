//! A process that runs operations where it is told to, and says what came of each.

use std::mem::ManuallyDrop;
use std::panic::{PanicHookInfo, set_hook};

use rawshm_tests::operations::OPERATIONS;
use rawshm_tests::rungs::{self, Rung};
use rawshm_tests::{Held, UniqueName, describe};

use crate::say;

/// Reads lines of an operation's index, the index of a rung and a name, and answers each with a
/// line. After a panic it also ends.
pub(crate) fn operate() {
    set_hook(Box::new(|panic| {
        say(&explain(panic));
        std::process::exit(0);
    }));
    for line in std::io::stdin().lines() {
        let line = line.expect("a line");
        let mut words = line.split(' ');
        let mut index = || {
            words
                .next()
                .expect("a word")
                .parse::<usize>()
                .expect("an index")
        };
        let (operation, rung) = (index(), Rung::ALL[index()]);
        // Its maker unlinks it.
        let name = ManuallyDrop::new(UniqueName::of(words.next().expect("a name")));
        let before = Held::by("self");
        let run = || (OPERATIONS[operation].run)(&name);
        let ran = match rung {
            Rung::ByDescriptor => run(),
            other => rungs::on(other, run),
        };
        let after = Held::by("self");
        if after == before {
            say(&ran.map_or_else(describe, |done| done.to_string()));
        } else {
            say(&format!("holds {after:?}, not {before:?}"));
        }
    }
}

/// An assertion of the operation itself is about a value, which a peer may have changed.
fn explain(panic: &PanicHookInfo<'_>) -> String {
    let place = panic
        .location()
        .map(ToString::to_string)
        .unwrap_or_default();
    if place.contains("support/operations.rs") {
        return "another value".to_owned();
    }
    let text = panic.payload().downcast_ref::<String>().map(String::as_str);
    let text = text.or(panic.payload().downcast_ref::<&str>().copied());
    format!(
        "panic at {place}: {}",
        text.unwrap_or("?").replace('\n', " ")
    )
}
