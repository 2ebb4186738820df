//! What other processes plant under an object's name, or under its first temporary name, before an
//! operation: things of 16 kinds, planted by root, by another user or by the same one, in a
//! directory that is sticky or not, with each setting of the kernel's that is about such things.
//! Each operation is run against each of them, as root and as a user without rights.
//!
//! `fs.protected_hardlinks` is 0: it would only keep some links from being planted.

mod operations;
mod oracle;
mod things;
mod watched;

use core::ffi::CStr;

use rawshm::Errno;
use rustix::fs::{Mode, chmod};

use self::operations::{OPERATIONS, Operation};
use self::oracle::{After, Verdict};
use self::things::{Kind, Thing};
use self::watched::Watch;
use crate::machine::{USERS, as_user, become_user, in_a_child, set};
use crate::report::Cells;
use crate::shm::each_name;
use crate::{PATH, TEMPORARY};

/// A user that only plants things.
const OTHER: u32 = 65533;

/// Whether the directory is sticky, and settings of the kernel's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    sticky: bool,
    /// `fs.protected_regular`, and `fs.protected_fifos` with it.
    regular: u8,
    /// `fs.protected_symlinks`.
    symlinks: u8,
}

const fn settings(sticky: bool, regular: u8, symlinks: u8) -> Settings {
    Settings {
        sticky,
        regular,
        symlinks,
    }
}

/// The first are those of distributions.
pub const SETTINGS: [Settings; 12] = [
    settings(true, 2, 1),
    settings(true, 2, 0),
    settings(true, 1, 1),
    settings(true, 1, 0),
    settings(true, 0, 1),
    settings(true, 0, 0),
    settings(false, 2, 1),
    settings(false, 2, 0),
    settings(false, 1, 1),
    settings(false, 1, 0),
    settings(false, 0, 1),
    settings(false, 0, 0),
];

impl Settings {
    fn begin(self) -> Result<(), Errno> {
        let mode = if self.sticky { 0o1777 } else { 0o777 };
        chmod(c"/dev/shm", Mode::from_raw_mode(mode))?;
        let [files, links] = [self.regular, self.symlinks].map(|digit| [b'0' + digit]);
        set(c"/proc/sys/fs/protected_regular", &files)?;
        set(c"/proc/sys/fs/protected_fifos", &files)?;
        set(c"/proc/sys/fs/protected_symlinks", &links)?;
        set(c"/proc/sys/fs/protected_hardlinks", b"0")
    }

    /// Whether distributions have these, except for the directory.
    fn are_usual(self) -> bool {
        (self.regular, self.symlinks) == (2, 1)
    }
}

/// Where a thing is planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Name,
    Temporary,
}

impl Place {
    fn path(self) -> &'static CStr {
        match self {
            Self::Name => PATH,
            Self::Temporary => TEMPORARY,
        }
    }
}

/// A thing, and the machine.
#[derive(Clone, Copy, Debug)]
struct Case {
    kind: Kind,
    place: Place,
    planter: u32,
    user: u32,
    settings: Settings,
}

/// Goes through all cases with these settings.
pub fn all(all: &[Settings]) {
    let mut cells = Cells::begin("planted");
    things::fixtures().expect("an empty directory");
    let watch = Watch::new().expect("inotify");
    for settings in all {
        settings.begin().expect("root's");
        for (place, planter, user) in orders() {
            for kind in Kind::ALL {
                let case = Case {
                    kind,
                    place,
                    planter,
                    user,
                    settings: *settings,
                };
                against(&case, &watch, &mut cells);
            }
        }
    }
    cells.end();
}

/// Every place, planter and user.
fn orders() -> impl Iterator<Item = (Place, u32, u32)> {
    let places = [Place::Name, Place::Temporary].into_iter();
    let users = places.flat_map(|place| USERS.map(|user| (place, user)));
    users.flat_map(|(place, user)| {
        let itself = (user != 0).then_some(user);
        let planters = [0, OTHER].into_iter().chain(itself);
        planters.map(move |planter| (place, planter, user))
    })
}

/// Runs every operation against a thing. Programs, which consist of the others, are run only with
/// the settings of distributions.
fn against(case: &Case, watch: &Watch, cells: &mut Cells) {
    for operation in OPERATIONS {
        if operation.is_a_program() && !case.settings.are_usual() {
            continue;
        }
        let found = match Thing::plant(*case) {
            // Older kernels have no immutable files on a tmpfs.
            Err(Errno::NOTTY | Errno::OPNOTSUPP) if case.kind == Kind::Immutable => {
                things::clean_up().expect("root's");
                return;
            }
            Err(errno) => Err(Wrong::Machine(errno)),
            Ok(thing) => cell(case, operation, &thing, watch),
        };
        match found {
            Ok(()) => cells.green(),
            Err(wrong) => {
                let Operation { name, refused, .. } = operation;
                cells.red(format_args!("{name} {refused:?} {case:?} {wrong:?}"));
            }
        }
        things::clean_up().expect("root's");
    }
}

/// What is not as it must be.
#[derive(Debug)]
#[expect(dead_code, reason = "for its output")]
enum Wrong {
    /// The test itself could not do something.
    Machine(Errno),
    /// The operation returned this, and not that.
    Status(i32, i32),
    /// It was opened or changed: these bits of inotify's are too many.
    Touched(u32),
    /// What a link leads to was opened or changed.
    Followed,
    /// The thing is not this.
    Thing(After),
    /// What has the name.
    Name,
    /// A name that nothing should have.
    Left,
}

impl From<Errno> for Wrong {
    fn from(errno: Errno) -> Self {
        Self::Machine(errno)
    }
}

fn cell(case: &Case, operation: &Operation, thing: &Thing, watch: &Watch) -> Result<(), Wrong> {
    let right = oracle::verdict(case, operation);
    let own = if operation.has_its_own(case.place) {
        Some(things::own_snapshot(case.user)?)
    } else {
        None
    };
    let watched = watch.begin(case.place.path())?;
    let status = status(case, operation)?;
    let (touched, followed) = watch.end(watched);
    if status != operation.status(right.answer) {
        return Err(Wrong::Status(status, operation.status(right.answer)));
    }
    if touched & !right.events != 0 {
        return Err(Wrong::Touched(touched & !right.events));
    }
    if followed {
        return Err(Wrong::Followed);
    }
    look(case, thing, &right, own)
}

/// Runs the operation as the user, and returns its status.
fn status(case: &Case, operation: &Operation) -> Result<i32, Errno> {
    // A process takes ten times as long as most operations.
    if !operation.needs_a_process() {
        return as_user(case.user, || operation.run().into());
    }
    in_a_child(|| {
        become_user(case.user).expect("root");
        rawshm_start::exit(operation.run());
    })
}

/// Looks at every name.
fn look(case: &Case, thing: &Thing, right: &Verdict, own: Option<u64>) -> Result<(), Wrong> {
    let (mut planted, mut named, mut left) = (None, None, false);
    each_name(|name, inode| {
        if name == things::leaf(case.place.path()) {
            planted = Some(inode);
        } else if name == things::leaf(PATH) {
            named = Some(inode);
        } else {
            left |= !things::is_own(name);
        }
        Ok(())
    })?;
    let is_right = match right.thing {
        After::Gone => planted.is_none(),
        After::Replaced => planted.is_some_and(|inode| inode != thing.inode),
        After::AsBefore => planted == Some(thing.inode) && thing.is_as_before()?,
        After::StoredInto => planted == Some(thing.inode),
        After::Empty => planted == Some(thing.inode) && thing.is_empty()?,
    };
    if !is_right {
        return Err(Wrong::Thing(right.thing));
    }
    let is_right = match case.place {
        Place::Name => true,
        Place::Temporary if right.makes => named.is_some() && named != own,
        Place::Temporary => named == own,
    };
    match (is_right, left) {
        (false, _) => Err(Wrong::Name),
        (true, true) => Err(Wrong::Left),
        (true, false) => Ok(()),
    }
}
