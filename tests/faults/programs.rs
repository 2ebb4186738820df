//! Each call of each program fails, is faked, or is the last.

use std::io::Read as _;
use std::process::Command;

use rawshm::snapshot::{Reader, Writer};
use rawshm::{Extent, Mapping, Mode, Object, Options, Size};
use rawshm_tests::cells::Outcome;
use rawshm_tests::rungs::{self, Rung};
use rawshm_tests::traced::{Place, Traced};
use rawshm_tests::values::{Message, message, text};
use rawshm_tests::watchdog::Progress;
use rawshm_tests::{Ended, UniqueName, clear_shm, left_in_shm, static_program};

use crate::answers::BELIEVED;
use crate::errnos;
use crate::fault::{End, Fault, How, Kill, Plan};
use crate::report::{self, Report};
use crate::rotation::Rotation;
use crate::singles::{differ, faults, kills};

const ERRNO: &str = "one call fails: programs";
const FAKED: &str = "one call only reports success: programs";
const KILLED: &str = "killed before and after a call: programs";
const INSTRUCTION: &str = "killed after an instruction: `reader`, `watch`, `writer`";

/// What has the name beforehand.
#[derive(Clone, Copy, Debug)]
enum Before {
    Nothing,
    Object,
    Snapshot,
    Retired,
}

type Scenario = (&'static str, Before, &'static [&'static str]);

const SCENARIOS: &[Scenario] = &[
    ("writer", Before::Nothing, &[]),
    ("writer", Before::Object, &[]),
    ("reader", Before::Object, &["-v", "-u"]),
    ("creator", Before::Nothing, &[]),
    ("creator", Before::Nothing, &["-R", "-s", "8192"]),
    ("creator", Before::Object, &["-r"]),
    ("publish", Before::Nothing, &["-r", "1000000", "-c", "2"]),
    (
        "publish",
        Before::Snapshot,
        &["-u", "-r", "1000000", "-c", "1"],
    ),
    ("publish", Before::Retired, &["-r", "1000000", "-c", "1"]),
    ("watch", Before::Snapshot, &["-c", "1"]),
    ("watch", Before::Nothing, &["-t", "0"]),
];

fn prepare(before: Before, name: &UniqueName) {
    let snapshot = || Writer::create(name, 4, &message("first")).expect("created");
    match before {
        Before::Nothing => {}
        Before::Object => {
            let options = Options::new().mode(Mode::Exact(0o644));
            let object = options.create(name, Size::Sparse(4096)).expect("created");
            let mapping = object.map(Extent::Whole).expect("mapped");
            mapping.store(0, &8021_i64).expect("within");
        }
        Before::Snapshot => drop(snapshot()),
        Before::Retired => snapshot().retire(),
    }
}

/// What there is of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct State {
    /// What has the name.
    own: String,
    temporary: usize,
    is_retired: bool,
}

fn state(name: &UniqueName) -> State {
    let own = name.argument();
    let left = left_in_shm(name);
    let is_own = |file: &&String| **file == own.trim_start_matches('/');
    let temporary = left.len() - left.iter().filter(is_own).count();
    let (own, is_retired) = if let Ok(reader) = Reader::<Message>::open(name) {
        let value = reader.load().expect("no writer runs");
        (text(&value), reader.is_retired())
    } else if let Ok(mapping) = Mapping::open(name, Extent::first(24)) {
        let columns: [i64; 3] = mapping.load(0).expect("within");
        let size = Object::open(name).expect("there").size().expect("a size");
        (format!("{size} bytes, {columns:?}"), false)
    } else if left.len() > temporary {
        ("incomplete".to_owned(), false)
    } else {
        ("nothing".to_owned(), false)
    };
    State {
        own,
        temporary,
        is_retired,
    }
}

/// A run of a program that has ended.
struct Run {
    calls: Vec<&'static str>,
    end: End,
    stdout: String,
    stderr: String,
    was: State,
    is: State,
    /// Whether a reader was attached, and was told that no value follows.
    told: Option<bool>,
}

/// Runs a program, which `drive` lets go on to its end or to a kill.
fn run(
    (program, before, arguments): Scenario,
    name: &UniqueName,
    rung: Rung,
    drive: impl FnOnce(&mut Traced, &mut Vec<&'static str>) -> End + Send,
) -> Run {
    prepare(before, name);
    let was = state(name);
    let attached = Reader::<Message>::open(name).ok();
    // It may have to be built.
    let program = static_program(program);
    let argument = name.argument();
    let arguments = [&["-n", &argument], arguments].concat();
    let mut calls = Vec::new();
    let (end, stdout, stderr) = rungs::on(rung, || {
        let (mut traced, (mut stdout, mut stderr)) = Traced::start_piped(&program, &arguments);
        let end = drive(&mut traced, &mut calls);
        traced.end();
        let mut texts = (String::new(), String::new());
        stdout.read_to_string(&mut texts.0).expect("text");
        stderr.read_to_string(&mut texts.1).expect("text");
        // The same in each run.
        (end, texts.0, texts.1.replace(&argument, "NAME"))
    });
    Run {
        calls,
        end,
        stdout,
        stderr,
        was,
        is: state(name),
        told: attached.map(|reader| reader.is_retired()),
    }
}

/// A scenario on one way to a name, and how it ends without a fault.
struct Way {
    scenario: Scenario,
    rung: Rung,
    plain: Run,
}

impl Way {
    fn cell(&self, kind: &str, plan: Plan<'_>, report: &mut Report) {
        let name = UniqueName::new();
        let what = match plan {
            Plan {
                kill: Some(Kill { at, side }),
                ..
            } => format!("killed {side:?} {} {at}", self.plain.calls[at]),
            Plan { faults, .. } => format!("{:?}", faults[0]),
        };
        report::begins(format!("{:?}, {:?}, {what}", self.scenario, self.rung));
        let run = run(self.scenario, &name, self.rung, |traced, calls| {
            plan.run(traced, calls)
        });
        let outcome = match plan {
            Plan { kill: Some(_), .. } => self.killed(&run),
            Plan { faults, .. } => self.faulty(&run, faults[0]),
        };
        self.add(kind, &what, &name, (&run, outcome), report);
    }

    /// Kills the program after every so many instructions, from this one on.
    fn kill_after_instructions(
        &self,
        progress: &Progress,
        rotation: Rotation,
        report: &mut Report,
    ) {
        let mut place = Place::default();
        let mut steps = rotation.next;
        loop {
            progress.step();
            let name = UniqueName::new();
            let run = run(self.scenario, &name, self.rung, |traced, _| {
                if traced.goes_to(place) && (0..steps).all(|_| traced.advances(&mut place)) {
                    End::Killed
                } else {
                    End::Exited(0)
                }
            });
            if run.end != End::Killed {
                return;
            }
            let outcome = self.killed(&run);
            self.add(
                INSTRUCTION,
                &format!("killed at {place:?}"),
                &name,
                (&run, outcome),
                report,
            );
            steps = rotation.every;
        }
    }

    fn add(
        &self,
        kind: &str,
        what: &str,
        name: &UniqueName,
        (run, outcome): (&Run, Result<Outcome, String>),
        report: &mut Report,
    ) {
        let outcome = outcome.and_then(|outcome| {
            self.next_one_works(name, run)?;
            Ok(outcome)
        });
        let (program, before, arguments) = self.scenario;
        let rung = self.rung;
        report.add(
            kind,
            outcome.map_err(|why| {
                format!("{program} {arguments:?}, {before:?}, {rung:?}, {what}: {why}")
            }),
        );
        clear_shm(name);
    }

    /// After a fault.
    fn faulty(&self, run: &Run, fault: Fault) -> Result<Outcome, String> {
        let call = fault.call;
        let sets_the_size = ["fallocate", "fstat", "ftruncate"].contains(&call);
        let is_faked = fault.how == How::Faked;
        let is_kept = ["close", "munmap"].contains(&call) && !matches!(fault.how, How::Made(_));
        let is_gone = fault.errno() == Some(libc::ENOENT)
            && ["newfstatat", "unlinkat"].contains(&call)
            && run.is.is_retired;
        let is_believed = is_faked && BELIEVED.contains(&call);
        // What `reader -v` says more may be what could not be written.
        let says_the_same = call == "write" || run.stderr == self.plain.stderr;
        let as_plain = says_the_same && run.stdout == self.plain.stdout && run.is == self.plain.is;
        if run.end == self.plain.end && as_plain {
            return Ok(Outcome::Done);
        }
        match run.end {
            End::Exited(0) if is_gone => Ok(Outcome::NothingToDo),
            End::Exited(0 | 1) if is_believed => Ok(Outcome::Believed),
            End::Signal(libc::SIGBUS) if is_faked && sets_the_size => Ok(Outcome::NoMemory),
            // Its own lock is in its way.
            End::Exited(1) if is_kept && run.stderr.contains("(EBUSY)") => Ok(Outcome::Kept),
            // The message itself could not be written.
            End::Exited(1) if call == "write" => self.leaves_no_part(run),
            End::Exited(1) => {
                self.says_why(run, fault)?;
                self.leaves_no_part(run)
            }
            end => Err(format!(
                "{end:?}: {}{}, and {:?}",
                run.stdout, run.stderr, run.is
            )),
        }
    }

    fn says_why(&self, run: &Run, fault: Fault) -> Result<(), String> {
        let (program, ..) = self.scenario;
        // `reader -v` says more before it.
        let last = run.stderr.lines().last().unwrap_or("");
        let is_a_line = last.starts_with(&format!("{program}: ")) && run.stderr.ends_with('\n');
        let says = |errno: &str| last.contains(&format!("({errno})"));
        let is_told = fault.errno().is_none_or(|errno| {
            if errno == libc::EINTR && errnos::REPEATED.contains(&fault.call) {
                return false;
            }
            let (errno, call) = (errnos::name(errno), fault.call);
            says(&errno)
                || match (errno.as_str(), call) {
                    // As the functions of C have it.
                    ("EPERM", _) => says("EACCES"),
                    ("EISDIR" | "ENXIO", "openat") => says("EINVAL"),
                    // An old object that the kernel denies is in the way.
                    ("ENOENT", "unlinkat") => says("EEXIST"),
                    // It seems that a link works, which this way refuses; and the name is missing,
                    // as the directory is.
                    ("EEXIST", "linkat") | ("ENOTDIR", "faccessat") => says("ENOENT"),
                    _ => false,
                }
        });
        if is_a_line && is_told {
            Ok(())
        } else {
            Err(format!("it says {:?}", run.stderr))
        }
    }

    /// After an error, the name has what it had, or what the program was to leave there.
    fn leaves_no_part(&self, run: &Run) -> Result<Outcome, String> {
        let (program, ..) = self.scenario;
        let is_between = match program {
            "publish" => self.is_published(run),
            // It removes the old object first.
            "writer" => run.is.own == "nothing",
            _ => false,
        };
        let is_known = [&run.was.own, &self.plain.is.own].contains(&&run.is.own);
        if (is_known || is_between) && run.is.temporary == 0 {
            Ok(Outcome::Failed)
        } else {
            Err(format!("it leaves {:?}", run.is))
        }
    }

    /// After a kill.
    fn killed(&self, run: &Run) -> Result<Outcome, String> {
        let (program, _, arguments) = self.scenario;
        let replaced = self.is_published(run);
        let is_told = run.is.is_retired || run.is.own == "nothing" || self.is_replaced(run);
        if run.told.is_some_and(|told| told != is_told) {
            return Err(format!("a reader is told {:?}, at {:?}", run.told, run.is));
        }
        if let End::Signal(signal) = run.end {
            return Err(format!("it dies of signal {signal}"));
        }
        let is = &run.is;
        let is_whole = is.own == run.was.own || replaced;
        let outcome = if *is == run.was {
            Outcome::AsBefore
        } else if is.temporary == 1 && is_whole {
            Outcome::Temporary
        } else if is.is_retired && arguments.contains(&"-u") {
            Outcome::Retired
        } else if replaced {
            Outcome::AsAfter
        } else if program == "writer" {
            // An object is not complete before the last column is stored.
            Outcome::Incomplete
        } else {
            return Err(format!("neither before nor after: {is:?}"));
        };
        let left = usize::from(outcome == Outcome::Temporary);
        if is.temporary == left {
            Ok(outcome)
        } else {
            Err(format!("it leaves {is:?}"))
        }
    }

    /// Whether the name has what the program was to leave there, or the first of two values.
    fn is_published(&self, run: &Run) -> bool {
        run.is.own == self.plain.is.own || run.is.own == "1"
    }

    /// Whether another snapshot has the name.
    fn is_replaced(&self, run: &Run) -> bool {
        let (_, before, _) = self.scenario;
        matches!(before, Before::Retired) || run.is.own == "nothing"
    }

    /// Runs the program again, without a fault.
    fn next_one_works(&self, name: &UniqueName, last: &Run) -> Result<(), String> {
        let (program, _, arguments) = self.scenario;
        let mut command = Command::new(static_program(program));
        let command = command.args(["-n", &name.argument()]).args(arguments);
        let Ended { stderr, status, .. } = rungs::on(self.rung, || rawshm_tests::run(command));
        let exists = last.is.own != "nothing";
        let works = match (status, program) {
            (0, _) => true,
            (1, "creator") => exists && stderr.contains("(EEXIST)"),
            (1, "reader") => !exists && stderr.contains("(ENOENT)"),
            (status, _) => self.plain.end == End::Exited(status),
        };
        let temporary = state(name).temporary;
        if works && temporary == 0 {
            Ok(())
        } else {
            Err(format!(
                "the next one: {status}, {stderr}{temporary} temporary names"
            ))
        }
    }
}

fn ways() -> Vec<Way> {
    let mut ways: Vec<Way> = Vec::new();
    for scenario in SCENARIOS {
        let first = ways.len();
        for rung in Rung::ALL {
            let name = UniqueName::new();
            let plain = run(*scenario, &name, rung, |traced, calls| {
                Plan::default().run(traced, calls)
            });
            let (program, _, arguments) = *scenario;
            let expected = i32::from(arguments.contains(&"0"));
            assert_eq!(plain.end, End::Exited(expected), "{program} {arguments:?}");
            clear_shm(&name);
            let known = &ways[first..];
            if known
                .iter()
                .all(|known| differ(&known.plain.calls, &plain.calls))
            {
                ways.push(Way {
                    scenario: *scenario,
                    rung,
                    plain,
                });
            }
        }
    }
    ways
}

/// Runs each cell that is this run's turn.
pub fn every_call(progress: &Progress, mut rotation: Rotation) -> Report {
    let mut report = Report::default();
    for way in ways() {
        // The others are killed so elsewhere, with more around them.
        let (program, ..) = way.scenario;
        let is_small = ["reader", "watch", "writer"].contains(&program);
        if is_small && way.plain.end == End::Exited(0) {
            way.kill_after_instructions(progress, rotation, &mut report);
        }
        for (at, call) in way.plain.calls.iter().enumerate() {
            // The programs are no debug build.
            for fault in faults(call, at, true) {
                if rotation.takes() {
                    progress.step();
                    let kind = if fault.how == How::Faked {
                        FAKED
                    } else {
                        ERRNO
                    };
                    let faults = &[fault];
                    way.cell(kind, Plan { faults, kill: None }, &mut report);
                }
            }
            for kill in kills(at) {
                if rotation.takes() {
                    progress.step();
                    way.cell(KILLED, Plan::killed(kill), &mut report);
                }
            }
        }
    }
    report
}
