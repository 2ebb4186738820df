//! What becomes of an operation whose name has something that another process has put there.

use rawshm_tests::things::Thing;

use super::User;
use crate::worker::VALUE;

/// Something under a name, and the user who meets it there.
#[derive(Clone, Copy, Debug)]
pub struct Planted {
    pub thing: Thing,
    pub owner: User,
    pub by: User,
    pub is_sticky: bool,
}

/// What operations do with a name first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

impl Planted {
    /// The answer of an operation with this name. `None` if it waits for another object.
    pub fn answer(self, operation: &str) -> Option<&'static str> {
        let read = || self.opened(Access::Read);
        let write = || self.opened(Access::Write);
        let answer = match operation {
            "is_memory" | "is_memory, of a directory" | "create_anonymous" | "from_sealed_fd" => {
                Ok(())
            }
            "create, in a directory"
            | "create"
            | "create, exact"
            | "create, reserved"
            | "create_mapping"
            | "create_complete"
            | "Writer::create" => Err("Create EEXIST"),
            "open" => read(),
            "read_at" if self.is_empty() => read().and(Err("Read ENXIO")),
            "read_at" | "open, missing" | "open, missing, in a directory" => read().and(Err(VALUE)),
            "open_mapping" => read().and_then(|()| self.mapped()),
            "open_or_create, new"
            | "open_or_create, old"
            | "open with flags"
            | "from_fd"
            | "a guard, kept"
            | "status"
            | "resize, sparse"
            | "resize, reserved"
            | "claim"
            | "writer_alive"
            | "wait_for_writer_end" => write(),
            "open, read-write"
            | "into_read_only"
            | "prefault"
            | "lock"
            | "advise"
            | "open_or_create_complete, new"
            | "open_or_create_complete, old" => write().and_then(|()| self.mapped()),
            "unlink" | "unlink, in a directory" => self.taken("Unlink EISDIR", "Unlink EACCES"),
            "unlink an object" | "a guard" | "reap" | "reap a snapshot" => {
                write().and_then(|()| self.taken("Unlink EISDIR", "Unlink EACCES"))
            }
            "replace" | "replace, in a directory" => self.taken("Create EISDIR", "Create EACCES"),
            "Writer::replace" => {
                write().and_then(|()| self.taken("Create EISDIR", "Create EACCES"))
            }
            "Reader::wait_for" if read().is_ok() && self.is_empty() => return None,
            "Reader::wait_for, missing" | "Reader::wait_for, missing, in a directory"
                if self.is_empty() =>
            {
                read()
            }
            "Follower::next" if self.is_empty() => read().and(Err(VALUE)),
            _ if operation.starts_with("Reader::") => read().and(Err("Open EINVAL")),
            "Follower::next" | "UnmappedReader::load" => read().and(Err("Open EINVAL")),
            _ if operation.starts_with("Writer::") => write().and(Err("Open EINVAL")),
            _ => panic!("what does {operation} do?"),
        };
        Some(answer.err().unwrap_or("true"))
    }

    fn is_empty(self) -> bool {
        self.thing == Thing::Empty
    }

    /// Opening an object that is there.
    fn opened(self, access: Access) -> Result<(), &'static str> {
        use Thing::{Empty, Forbidden, Foreign, HardLink, Readable};
        use Thing::{LinkToDirectory, LinkToItself, LinkToNothing, LinkToObject};
        let may = |everyone: bool| {
            let may = everyone || self.by == User::ROOT;
            may.then_some(()).ok_or("Open EACCES")
        };
        match self.thing {
            Empty | Foreign | HardLink => Ok(()),
            Readable => may(access == Access::Read),
            Forbidden => may(false),
            LinkToObject | LinkToNothing | LinkToItself | LinkToDirectory => Err("Open ELOOP"),
            _ => Err("Open EINVAL"),
        }
    }

    /// Mapping the whole or a part of an object that is open.
    fn mapped(self) -> Result<(), &'static str> {
        if self.is_empty() {
            Err("Map ENXIO")
        } else {
            Ok(())
        }
    }

    /// Taking the name away, or giving it to another object.
    fn taken(self, directory: &'static str, refused: &'static str) -> Result<(), &'static str> {
        let is_others = self.by != User::ROOT && self.by != self.owner;
        match self.thing {
            _ if self.is_sticky && is_others => Err(refused),
            Thing::Directory | Thing::FullDirectory => Err(directory),
            _ => Ok(()),
        }
    }
}
