//! The things that are planted.

use core::ffi::CStr;

use rawshm::snapshot::Writer;
use rawshm::{Errno, Name, Options};
use rustix::fd::OwnedFd;
use rustix::fs::{
    AtFlags, CWD, Dev, FileType, FlockOperation, Gid, IFlags, Mode, OFlags, Uid, chmod, chownat,
    flock, ftruncate, ioctl_setflags, link, lstat, makedev, mkdir, mknodat, open, symlink,
    unlinkat,
};
use rustix::io::{pread, write};

use super::{Case, Place};
use crate::shm::each_name;
use crate::{NAME, PATH};

/// What a link leads to. Any user may write to the first two and to `/dev/zero`.
pub const FILE: &CStr = c"/dev/shm/file";
pub const FOLDER: &CStr = c"/dev/shm/folder";
pub const ZERO: &CStr = c"/dev/zero";
/// The file of which a hard link is planted.
const LINKED: &CStr = c"/dev/shm/linked";

/// The first temporary name.
const TEMPORARY: &Name = &Name::from_static("/.guest.rawshm-000");

/// What an operation and a planted snapshot store.
pub type Value = rawshm_static::message::Message;
pub const VALUE: Value = crate::programs::VALUE;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file that only its owner may open.
    Private,
    /// A file that any user may write to.
    Shared,
    /// An object that its maker, which is alive, has not sized yet. Any user may read it.
    Unfinished,
    /// A snapshot that any user may write to, and whose writer has ended.
    Snapshot,
    LinkToFile,
    LinkToNothing,
    LinkToItself,
    LinkToFolder,
    LinkToDevice,
    Directory,
    Fifo,
    Socket,
    CharacterDevice,
    /// There is no driver for it.
    BlockDevice,
    /// Another name of a file of the user that operates, which only that user may open.
    HardLink,
    /// A file that any user might write to.
    Immutable,
}

impl Kind {
    pub const ALL: [Self; 16] = [
        Self::Private,
        Self::Shared,
        Self::Unfinished,
        Self::Snapshot,
        Self::LinkToFile,
        Self::LinkToNothing,
        Self::LinkToItself,
        Self::LinkToFolder,
        Self::LinkToDevice,
        Self::Directory,
        Self::Fifo,
        Self::Socket,
        Self::CharacterDevice,
        Self::BlockDevice,
        Self::HardLink,
        Self::Immutable,
    ];

    pub fn is_regular(self) -> bool {
        let files = [
            Self::Private,
            Self::Shared,
            Self::Unfinished,
            Self::Snapshot,
        ];
        files.contains(&self) || matches!(self, Self::HardLink | Self::Immutable)
    }

    /// Where a symbolic link leads.
    pub fn target(self, place: Place) -> Option<&'static CStr> {
        Some(match self {
            Self::LinkToFile => FILE,
            Self::LinkToNothing => c"/dev/shm/nothing",
            Self::LinkToItself => place.path(),
            Self::LinkToFolder => FOLDER,
            Self::LinkToDevice => ZERO,
            _ => return None,
        })
    }

    fn mode(self) -> Mode {
        Mode::from_raw_mode(match self {
            Self::Private | Self::HardLink => 0o600,
            Self::Unfinished => 0o644,
            Self::Directory => 0o777,
            _ => 0o666,
        })
    }
}

pub struct Thing {
    case: Case,
    pub inode: u64,
    before: Contents,
    _maker: Option<OwnedFd>,
}

/// The start of a file: all of a snapshot.
type Contents = ([u8; 2048], usize);

impl Thing {
    pub fn plant(case: Case) -> Result<Self, Errno> {
        let (kind, path) = (case.kind, case.place.path());
        let mut maker = None;
        let node = |kind, device: Dev| mknodat(CWD, path, kind, Mode::RUSR, device);
        match (kind, kind.target(case.place)) {
            (_, Some(target)) => symlink(target, path)?,
            (Kind::Directory, _) => mkdir(path, Mode::RWXU)?,
            (Kind::Fifo, _) => node(FileType::Fifo, 0)?,
            (Kind::Socket, _) => node(FileType::Socket, 0)?,
            (Kind::CharacterDevice, _) => node(FileType::CharacterDevice, makedev(1, 5))?,
            (Kind::BlockDevice, _) => node(FileType::BlockDevice, makedev(250, 250))?,
            (Kind::Snapshot, _) => drop(snapshot(case.place)?),
            (Kind::HardLink, _) => {
                file(LINKED, 4096)?;
                link(LINKED, path)?;
            }
            (Kind::Unfinished, _) => {
                let file = file(path, 0)?;
                flock(&file, FlockOperation::NonBlockingLockExclusive)?;
                maker = Some(file);
            }
            _ => drop(file(path, 4096)?),
        }
        let owner = if kind == Kind::HardLink {
            case.user
        } else {
            case.planter
        };
        give(path, owner)?;
        if kind.target(case.place).is_none() {
            chmod(path, kind.mode())?;
        }
        if kind == Kind::Immutable {
            ioctl_setflags(open_to_read(path)?, IFlags::IMMUTABLE)?;
        }
        Ok(Self {
            case,
            inode: lstat(path)?.st_ino,
            before: contents(&case)?,
            _maker: maker,
        })
    }

    pub fn is_as_before(&self) -> Result<bool, Errno> {
        Ok(contents(&self.case)? == self.before)
    }

    pub fn is_empty(&self) -> Result<bool, Errno> {
        Ok(contents(&self.case)?.1 == 0)
    }
}

/// What a regular file has in it. Nothing changes the contents of others.
fn contents(case: &Case) -> Result<Contents, Errno> {
    let mut bytes = [0; 2048];
    let mut len = 0;
    if case.kind.is_regular() {
        len = pread(open_to_read(case.place.path())?, &mut bytes, 0)?;
    }
    Ok((bytes, len))
}

fn open_to_read(path: &CStr) -> Result<OwnedFd, Errno> {
    open(
        path,
        OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW,
        Mode::empty(),
    )
}

fn file(path: &CStr, size: u64) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let file = open(path, flags, Mode::RUSR)?;
    if size > 0 {
        write(&file, b"something of its owner's")?;
        ftruncate(&file, size)?;
    }
    Ok(file)
}

fn snapshot(place: Place) -> Result<Writer<Value>, Errno> {
    let name = match place {
        Place::Name => NAME,
        Place::Temporary => TEMPORARY,
    };
    let made = Writer::create_with(&Options::new(), name, 2, &VALUE);
    made.map_err(|error| rawshm::Error::from(error).errno())
}

fn give(path: &CStr, user: u32) -> Result<(), Errno> {
    let (user, group) = (Uid::from_raw(user), Gid::from_raw(user));
    chownat(
        CWD,
        path,
        Some(user),
        Some(group),
        AtFlags::SYMLINK_NOFOLLOW,
    )
}

/// Puts a snapshot of a user's own under the name, and returns its inode.
pub fn own_snapshot(user: u32) -> Result<u64, Errno> {
    drop(snapshot(Place::Name)?);
    give(PATH, user)?;
    Ok(lstat(PATH)?.st_ino)
}

/// Makes what links lead to.
pub fn fixtures() -> Result<(), Errno> {
    let (device, mode) = (makedev(1, 5), Mode::from_raw_mode(0o666));
    mknodat(CWD, ZERO, FileType::CharacterDevice, mode, device)?;
    chmod(ZERO, mode)?;
    drop(file(FILE, 4096)?);
    chmod(FILE, mode)?;
    mkdir(FOLDER, mode)?;
    chmod(FOLDER, Mode::from_raw_mode(0o777))
}

/// The last part of a path in `/dev/shm`.
pub fn leaf(path: &CStr) -> &[u8] {
    path.to_bytes().strip_prefix(b"/dev/shm/").unwrap_or(b"")
}

/// Whether a name is one of those that are there in any case.
pub fn is_own(name: &[u8]) -> bool {
    [FILE, FOLDER, LINKED].iter().any(|path| leaf(path) == name)
}

/// Removes everything but what links lead to.
pub fn clean_up() -> Result<(), Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let shm = open(c"/dev/shm", flags, Mode::empty())?;
    each_name(|name, _| {
        if name != leaf(LINKED) && is_own(name) {
            return Ok(());
        }
        match unlinkat(&shm, name, AtFlags::empty()) {
            Err(Errno::ISDIR) => unlinkat(&shm, name, AtFlags::REMOVEDIR),
            Err(Errno::PERM) => {
                let file = rustix::fs::openat(&shm, name, OFlags::RDONLY, Mode::empty())?;
                ioctl_setflags(file, IFlags::empty())?;
                unlinkat(&shm, name, AtFlags::empty())
            }
            other => other,
        }
    })
}
