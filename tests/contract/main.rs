//! The system-call contract: `contract/syscalls.json` and what is made from it, compared with what
//! the golden traces say.
//!
//! `RAWSHM_BLESS=1` rewrites the files.

mod api;
mod biting;
mod data;
mod filters;
mod json;
mod page;
mod scenarios;
mod trace;

use std::path::Path;

use data::Contract;
use rawshm_tests::{checked, repository};

/// Compares a generated file with the one that was committed.
fn compare(file: impl AsRef<Path>, generated: &str) {
    let file = repository().join(file);
    if std::env::var_os("RAWSHM_BLESS").is_some() {
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(&file, generated).expect("writing");
    }
    let committed = std::fs::read_to_string(&file).expect("it was generated");
    assert!(
        committed == generated,
        "{} is not what the traces say: RAWSHM_BLESS=1 cargo test -p rawshm-tests --test contract",
        file.display()
    );
}

#[test]
fn the_data_is_what_the_traces_say() {
    let contract = Contract::assemble();
    compare("contract/syscalls.json", &json::text(&contract));
    compare("SYSCALLS.md", &page::page(&contract));
    checked(&format!(
        "contract: {} functions and {} without calls, {} drops, {} programs; {} outcomes, {} calls",
        contract.functions.len(),
        contract.no_calls.len(),
        contract.drops.len(),
        contract.programs.len(),
        contract.lists().count(),
        contract.lists().map(Vec::len).sum::<usize>()
    ));
}

#[test]
fn the_filters_are_what_the_data_says() {
    let contract = Contract::assemble();
    let roles = filters::roles(&contract);
    for role in roles.iter().filter(|role| role.is_a_program()) {
        let profile = serde_json::to_string_pretty(&role.profile(&contract)).expect("plain data");
        compare(
            format!("contract/oci/{}.json", role.name),
            &(profile + "\n"),
        );
        let lines = filters::systemd(role);
        compare(format!("contract/systemd/{}.conf", role.name), &lines);
    }
    for (runtime, role) in filters::Runtimes::read().starting(&roles) {
        let profile = json::text(&role.profile(&contract));
        compare(
            format!("contract/oci/{runtime}/{}.json", role.name),
            &profile,
        );
    }
    compare("contract/filters.h", &filters::in_c(&contract, &roles));
    compare("contract/filters.rs", &filters::in_rust(&contract, &roles));
}
