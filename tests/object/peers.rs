//! What two processes see of one object.

use std::process::Command;

use rawshm::{Errno, Extent, Mapping, Object, Size};
use rawshm_tests::{Peer, UniqueName, answer};

const PEER: &str = env!("CARGO_BIN_EXE_peer");

fn peer(arguments: &[&str]) -> String {
    answer(PEER, arguments)
}

fn start(arguments: &[&str]) -> Peer {
    Peer::ready(Command::new(PEER).args(arguments))
}

#[test]
fn what_a_peer_stored_is_read_after_it_has_ended() {
    let name = UniqueName::new();
    assert_eq!(peer(&["create", &name.argument(), "24"]), "ok");
    assert_eq!(
        peer(&["store", &name.argument(), "-1", "0", "9223372036854775807"]),
        "ok"
    );
    let mapping = Mapping::open(&name, Extent::first(24)).expect("opened");
    assert_eq!(
        mapping.load::<[i64; 3]>(0).expect("within"),
        [-1, 0, i64::MAX]
    );
}

#[test]
fn a_peer_reads_what_was_stored() {
    let name = UniqueName::new();
    let mapping = Mapping::create(&name, Size::Sparse(24)).expect("created");
    mapping.store(0, &[100_i64, 876, 8021]).expect("within");
    assert_eq!(peer(&["load", &name.argument()]), "[100, 876, 8021]");
}

#[test]
fn a_running_peer_sees_each_store_and_keeps_seeing_them_when_the_name_is_gone() {
    let name = UniqueName::new();
    let mapping = Mapping::create(&name, Size::Sparse(24)).expect("created");
    let mut reader = start(&["hold", &name.argument()]);
    let mut other = start(&["hold", &name.argument()]);
    mapping.store(0, &[1_i64, 2, 3]).expect("within");
    assert_eq!(reader.ask(""), "[1, 2, 3]");
    assert_eq!(other.ask(""), "[1, 2, 3]", "two openers see one object");
    rawshm::unlink(&name).expect("unlinked");
    mapping.store(0, &[4_i64, 5, 6]).expect("within");
    assert_eq!(reader.ask(""), "[4, 5, 6]");
    assert_eq!(Object::open(&name).expect_err("gone").errno(), Errno::NOENT);
}

#[test]
fn an_object_survives_a_peer_that_is_killed() {
    let name = UniqueName::new();
    let mapping = Mapping::create(&name, Size::Sparse(24)).expect("created");
    let mut reader = start(&["hold", &name.argument()]);
    reader.kill();
    mapping.store(0, &[1_i64, 2, 3]).expect("within");
    assert_eq!(peer(&["load", &name.argument()]), "[1, 2, 3]");
}

#[test]
fn a_name_is_created_by_exactly_one_of_many_racing_processes() {
    const PEERS: usize = 6;
    const NAMES: usize = 300;
    let names: Vec<_> = (0..NAMES).map(|_| UniqueName::new()).collect();
    let arguments: Vec<_> = names.iter().map(UniqueName::argument).collect();
    let mut arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    arguments.insert(0, "create-many");
    let mut peers: Vec<_> = (0..PEERS).map(|_| start(&arguments)).collect();
    for peer in &mut peers {
        peer.say("");
    }
    let won = |peer: &mut Peer| peer.line().parse::<usize>().expect("a number");
    let won: Vec<_> = peers.iter_mut().map(won).collect();
    for name in &names {
        rawshm::unlink(name).expect("created by one of them");
    }
    assert_eq!(won.iter().sum::<usize>(), NAMES, "{won:?}");
}

#[test]
fn a_peer_that_cannot_map_says_why() {
    let name = UniqueName::new();
    let _object = Object::create(&name, Size::Sparse(23)).expect("created");
    #[cfg(target_os = "linux")]
    assert_eq!(peer(&["load", &name.argument()]), "Map ENXIO");
    assert_eq!(peer(&["create", &name.argument(), "1"]), "Create EEXIST");
}

#[test]
#[cfg(target_os = "linux")]
fn a_peer_that_shrinks_the_object_ends_its_readers_with_a_signal() {
    const SIGBUS: i32 = 7;
    let name = UniqueName::new();
    let object = Object::create(&name, Size::Sparse(24)).expect("created");
    let mut reader = start(&["hold", &name.argument()]);
    object.resize(Size::Sparse(0)).expect("shrunk");
    reader.say("");
    assert_eq!(reader.end(), 128 + SIGBUS);
}
