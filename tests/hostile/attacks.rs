//! Every operation, on every way to a name, while another process attacks its object.

use std::process::Command;

use rawshm_tests::operations::{OPERATIONS, Operation};
use rawshm_tests::random::Random;
use rawshm_tests::rungs::Rung;
use rawshm_tests::{Peer, UniqueName, clear_shm, left_in_shm};

use crate::cells::{Cells, is_complete};
use crate::documented::{Attack, MADE, is_documented, is_removal, may_wait};
use crate::worker::{PEER, Worker};

/// A process that attacks one name after the other.
struct Attacker {
    peer: Peer,
    attack: Attack,
    is_at_it: bool,
}

impl Attacker {
    fn new(attack: Attack, random: &mut Random) -> Self {
        let seed = 1 + random.below(u64::MAX - 1);
        let mut peer = Command::new(PEER);
        peer.args(["hostile", attack.argument(), &seed.to_string()]);
        let peer = Peer::start(&mut peer);
        Self {
            peer,
            attack,
            is_at_it: false,
        }
    }

    fn begin(&mut self, name: &UniqueName) {
        assert_eq!(self.peer.ask(&name.argument()), "begun");
        self.is_at_it = true;
    }

    fn end(&mut self) {
        if std::mem::take(&mut self.is_at_it) {
            assert_eq!(self.peer.ask("end"), "ended");
        }
    }
}

/// The ways to a name that differ for an operation.
pub fn rungs(operation: &Operation) -> &'static [Rung] {
    let differs = ["omplete", "replace", "Writer::create", "Writer::open_or"];
    if differs.iter().any(|part| operation.name.contains(part)) {
        &Rung::ALL
    } else {
        &Rung::ALL[..1]
    }
}

/// Runs an operation while it is attacked, and says of which kind the outcome is.
fn attacked(
    attacker: &mut Attacker,
    worker: &mut Worker,
    (index, rung): (usize, Rung),
) -> Result<String, String> {
    let operation = &OPERATIONS[index];
    let name = UniqueName::new();
    (operation.before)(&name);
    let before = left_in_shm(&name);
    attacker.begin(&name);
    let answer = if may_wait(operation) {
        worker.run_relieved(index, rung, &name, || attacker.end())
    } else {
        worker.run(index, rung, &name)
    };
    attacker.end();
    let left = left_in_shm(&name);
    let checked = is_documented(attacker.attack, operation, rung, &answer)
        .and_then(|kind| what_is_left(attacker.attack, operation, &answer, &left, &before, kind));
    clear_shm(&name);
    let (operation, attack) = (operation.name, attacker.attack);
    checked.map_err(|why| format!("{attack:?}, {operation}, {rung:?}: {answer}: {why}"))
}

/// Runs an operation after attacks, in the same process: it does all that it is for.
fn unattacked(worker: &mut Worker, (index, rung): (usize, Rung)) -> Result<&'static str, String> {
    let operation = &OPERATIONS[index];
    let name = UniqueName::new();
    (operation.before)(&name);
    let answer = worker.run(index, rung, &name);
    let is_done = std::panic::catch_unwind(|| operation.done.inspect(|check| check(&name)));
    let left = left_in_shm(&name);
    clear_shm(&name);
    if answer == "true" && is_done.is_ok() && left.len() <= 1 {
        Ok("done after the attacks")
    } else {
        Err(format!(
            "{}, {rung:?}, after attacks: {answer}, {left:?}",
            operation.name
        ))
    }
}

/// Whether nothing is left but what must be.
fn what_is_left(
    attack: Attack,
    operation: &Operation,
    answer: &str,
    left: &[String],
    before: &[String],
    kind: String,
) -> Result<String, String> {
    let is_temporary = |name: &&String| name.contains(".rawshm-");
    let temporary = left.iter().filter(is_temporary).count();
    if temporary > 0 && !attack.leaves_temporary_names(answer) {
        return Err(format!("left: {left:?}"));
    }
    if attack == Attack::Plants {
        return Ok(kind);
    }
    // Operations that are done on nothing and on an old object, by what is there at the end.
    let makes = before.is_empty() && operation.done.is_some();
    let ends = !before.is_empty() && is_removal(operation);
    let expected = match answer {
        "true" if makes => 1,
        "true" if ends => 0,
        _ => before.len(),
    };
    let own = left.len() - temporary;
    let stays = answer == MADE && own == 1;
    if own == expected || stays || answer.starts_with("signal") {
        let also = if temporary > 0 {
            ", and a temporary name"
        } else {
            ""
        };
        Ok(kind + also)
    } else {
        Err(format!("left: {left:?}, and not {expected}"))
    }
}

/// Runs everything a number of times under each of these attacks, or ten times as often if all is
/// asked for.
pub fn attack_everything(attacks: &[Attack], rounds: u32, what: &'static str) {
    let mut cells = Cells::all(what);
    let rounds = if is_complete() { 10 * rounds } else { rounds };
    let mut worker = Worker::new();
    for attack in attacks {
        let mut attacker = Attacker::new(*attack, &mut cells.random);
        for (index, operation) in OPERATIONS.iter().enumerate() {
            for rung in rungs(operation) {
                let cell = (index, *rung);
                for _ in 0..rounds {
                    cells.add(attacked(&mut attacker, &mut worker, cell));
                }
                cells.add(unattacked(&mut worker, cell));
            }
        }
    }
    cells.end();
}

#[test]
fn every_operation_is_done_or_fails_as_documented_while_a_peer_scribbles() {
    attack_everything(&[Attack::Scribbles], 30, "scribblers");
}

#[test]
fn every_operation_is_done_or_fails_as_documented_while_a_peer_truncates() {
    attack_everything(&[Attack::Truncates], 30, "truncators");
}

#[test]
fn every_operation_is_done_or_fails_as_documented_while_a_peer_plants_things() {
    attack_everything(&[Attack::Plants], 30, "planters at work");
}

#[test]
fn every_operation_is_done_or_fails_as_documented_while_a_peer_locks() {
    attack_everything(&Attack::LOCKS, 3, "lockers and togglers");
}
