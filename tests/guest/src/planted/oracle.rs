//! What must come of an operation, as its documentation has it.

use rawshm::Errno;
use rustix::fs::inotify::ReadFlags;

use super::operations::{Does, Operation};
use super::things::Kind;
use super::{Case, Place};

/// The thing, after an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    AsBefore,
    /// A value was stored into it.
    StoredInto,
    Empty,
    Gone,
    /// Another object has its name.
    Replaced,
}

pub struct Verdict {
    /// Whether it did what it is for, or why not.
    pub answer: Result<bool, Errno>,
    pub thing: After,
    /// Beside a thing under the temporary name: whether the name denotes a new object.
    pub makes: bool,
    /// What may be done to the thing, as bits of inotify's.
    pub events: u32,
}

/// `fs.protected_symlinks` makes no difference, since no link is followed.
pub fn verdict(case: &Case, operation: &Operation) -> Verdict {
    let does = operation.does;
    let (answer, thing, makes) = match case.place {
        Place::Name => {
            let (answer, thing) = case.under_the_name(does).unwrap_or_else(failed);
            (answer, thing, false)
        }
        Place::Temporary => {
            let (answer, makes) = beside(does);
            let is_removed = operation.is_staged(case.place) && case.is_taken_for_left();
            let thing = if is_removed {
                After::Gone
            } else {
                After::AsBefore
            };
            (answer, thing, makes)
        }
    };
    let opens = match case.place {
        Place::Name => does.opens(),
        Place::Temporary if operation.is_staged(case.place) => Some(false),
        Place::Temporary => None,
    };
    Verdict {
        answer,
        thing,
        makes,
        events: events(case.kind, does, opens, thing),
    }
}

fn failed(errno: Errno) -> (Result<bool, Errno>, After) {
    (Err(errno), After::AsBefore)
}

impl Case {
    /// The answer, and what becomes of the thing.
    fn under_the_name(&self, does: Does) -> Result<(Result<bool, Errno>, After), Errno> {
        let done = |thing| Ok((Ok(true), thing));
        match does {
            Does::Create => Err(Errno::EXIST),
            Does::Read => self.open(false).and(done(After::AsBefore)),
            Does::Write | Does::OpenOrCreate => self.open(true).and(done(After::AsBefore)),
            Does::MapToRead => self.map(false).and(done(After::AsBefore)),
            Does::MapToWrite | Does::MapOrCreate => self.map(true).and(done(After::AsBefore)),
            Does::Truncate => self.open(true).and(done(After::Empty)),
            Does::OpenOrCreateAsC => {
                self.may_be_opened_with_o_creat()?;
                self.open(true).and(done(After::AsBefore))
            }
            Does::Replace | Does::RemoveAndCreate => self.remove().and(done(After::Replaced)),
            Does::Remove => self.remove().and(done(After::Gone)),
            Does::MapAndRemove => {
                self.map(false)?;
                self.remove().and(done(After::Gone))
            }
            Does::IfOwn => Ok((Ok(false), After::AsBefore)),
            // It may be one soon.
            Does::AwaitSnapshot if self.kind == Kind::Unfinished => {
                self.open(false).and(Ok((Ok(false), After::AsBefore)))
            }
            Does::ReadSnapshot | Does::AwaitSnapshot => {
                self.open(false)?;
                self.is_snapshot().and(done(After::AsBefore))
            }
            Does::TakeOver | Does::TakeOverOrCreate => {
                self.open(true)?;
                self.is_snapshot().and(done(After::StoredInto))
            }
            Does::ReplaceSnapshot => {
                self.open(true)?;
                self.remove().and(done(After::Replaced))
            }
            Does::Reap => {
                self.open(true)?;
                self.remove().and(done(After::Gone))
            }
        }
    }

    fn owner(&self) -> u32 {
        match self.kind {
            Kind::HardLink => self.user,
            _ => self.planter,
        }
    }

    fn owns(&self) -> bool {
        self.user == 0 || self.user == self.owner()
    }

    fn is_link(&self) -> bool {
        self.kind.target(self.place).is_some()
    }

    /// Opens it, as an object.
    fn open(&self, to_write: bool) -> Result<(), Errno> {
        match self.kind {
            _ if self.is_link() => Err(Errno::LOOP),
            kind if !kind.is_regular() => Err(Errno::INVAL),
            Kind::Private if !self.owns() => Err(Errno::ACCESS),
            Kind::Unfinished if to_write && !self.owns() => Err(Errno::ACCESS),
            Kind::Immutable if to_write => Err(Errno::PERM),
            _ => Ok(()),
        }
    }

    fn map(&self, to_write: bool) -> Result<(), Errno> {
        self.open(to_write)?;
        match self.kind {
            Kind::Unfinished => Err(Errno::NXIO),
            _ => Ok(()),
        }
    }

    fn is_snapshot(&self) -> Result<(), Errno> {
        match self.kind {
            Kind::Snapshot => Ok(()),
            _ => Err(Errno::INVAL),
        }
    }

    /// In a sticky directory of root's, the kernel refuses all that is neither root's nor the
    /// user's, and some kinds only if it was set up to.
    fn may_be_opened_with_o_creat(&self) -> Result<(), Errno> {
        let is_others = self.owner() != 0 && self.owner() != self.user;
        let is_exempt = match self.kind {
            Kind::Directory => return Err(Errno::INVAL),
            Kind::Fifo => self.settings.regular == 0,
            kind => kind.is_regular() && self.settings.regular == 0,
        };
        if self.settings.sticky && is_others && !is_exempt {
            return Err(Errno::ACCESS);
        }
        Ok(())
    }

    /// Takes the name away from it.
    fn remove(&self) -> Result<(), Errno> {
        match self.kind {
            Kind::Immutable => Err(Errno::ACCESS),
            _ if self.settings.sticky && !self.owns() => Err(Errno::ACCESS),
            Kind::Directory => Err(Errno::ISDIR),
            _ => Ok(()),
        }
    }

    /// Whether the next creation removes it from under a temporary name: all that can be opened and
    /// locked, and may be removed.
    fn is_taken_for_left(&self) -> bool {
        let opens = match self.kind {
            Kind::Fifo | Kind::CharacterDevice => true,
            Kind::Unfinished => false,
            _ => self.open(false).is_ok(),
        };
        opens && self.remove().is_ok()
    }
}

/// The answer where nothing has the name, or a snapshot that may be replaced.
fn beside(does: Does) -> (Result<bool, Errno>, bool) {
    match does {
        Does::Create
        | Does::OpenOrCreate
        | Does::MapOrCreate
        | Does::OpenOrCreateAsC
        | Does::Replace
        | Does::RemoveAndCreate
        | Does::TakeOverOrCreate
        | Does::ReplaceSnapshot => (Ok(true), true),
        Does::AwaitSnapshot | Does::IfOwn => (Ok(false), false),
        Does::Read
        | Does::Write
        | Does::MapToRead
        | Does::MapToWrite
        | Does::Truncate
        | Does::Remove
        | Does::MapAndRemove
        | Does::ReadSnapshot
        | Does::TakeOver
        | Does::Reap => (Err(Errno::NOENT), false),
    }
}

impl Does {
    /// Whether it opens the name, and to write.
    fn opens(self) -> Option<bool> {
        match self {
            Self::Create | Self::Replace | Self::Remove | Self::RemoveAndCreate | Self::IfOwn => {
                None
            }
            Self::Read
            | Self::MapToRead
            | Self::MapAndRemove
            | Self::ReadSnapshot
            | Self::AwaitSnapshot => Some(false),
            Self::Write
            | Self::MapToWrite
            | Self::Truncate
            | Self::OpenOrCreate
            | Self::MapOrCreate
            | Self::OpenOrCreateAsC
            | Self::TakeOver
            | Self::TakeOverOrCreate
            | Self::ReplaceSnapshot
            | Self::Reap => Some(true),
        }
    }
}

fn events(kind: Kind, does: Does, opens: Option<bool>, thing: After) -> u32 {
    let mut events = match opens {
        None => ReadFlags::empty(),
        Some(_) => ReadFlags::OPEN | ReadFlags::ACCESS | ReadFlags::CLOSE_NOWRITE,
    };
    events.set(ReadFlags::CLOSE_WRITE, opens == Some(true));
    let is_gone = matches!(thing, After::Gone | After::Replaced);
    events.set(ReadFlags::ATTRIB | ReadFlags::DELETE_SELF, is_gone);
    // A snapshot is retired before its name is taken, and put back if that fails.
    let retires = matches!(does, Does::Reap | Does::ReplaceSnapshot);
    let is_changed = retires && kind == Kind::Snapshot || thing == After::Empty;
    events.set(ReadFlags::MODIFY, is_changed);
    events.bits()
}
