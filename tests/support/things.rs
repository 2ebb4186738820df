//! What a hostile process can put under a name instead of an object.

use std::ffi::CString;
use std::fs::{self, Permissions};
use std::io::Result;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// An object that is not sized yet.
    Empty,
    /// A file of bytes that are no snapshot, which every user may read and write.
    Foreign,
    /// The same, which every user may read.
    Readable,
    /// The same, without any permission.
    Forbidden,
    /// A second name of such a file.
    HardLink,
    LinkToObject,
    LinkToNothing,
    LinkToItself,
    LinkToDirectory,
    Directory,
    FullDirectory,
    Fifo,
    Socket,
    /// The null device.
    CharacterDevice,
    BlockDevice,
    /// A character device without a driver.
    NoDevice,
}

impl Thing {
    pub const ALL: [Self; 16] = [
        Self::Empty,
        Self::Foreign,
        Self::Readable,
        Self::Forbidden,
        Self::HardLink,
        Self::LinkToObject,
        Self::LinkToNothing,
        Self::LinkToItself,
        Self::LinkToDirectory,
        Self::Directory,
        Self::FullDirectory,
        Self::Fifo,
        Self::Socket,
        Self::CharacterDevice,
        Self::BlockDevice,
        Self::NoDevice,
    ];

    /// Those that a process without privileges can make and take away.
    #[must_use]
    pub fn of_any_user() -> Vec<Self> {
        use Thing::{BlockDevice, CharacterDevice, HardLink, NoDevice};
        let need_privileges = [HardLink, CharacterDevice, BlockDevice, NoDevice];
        let mut things = Self::ALL.to_vec();
        things.retain(|thing| !need_privileges.contains(thing));
        things
    }

    /// Where the other file of a thing is that has two.
    #[must_use]
    pub fn aside(path: &Path) -> PathBuf {
        let mut aside = path.to_owned().into_os_string();
        aside.push("-aside");
        aside.into()
    }

    /// Makes it.
    ///
    /// # Errors
    /// If something has the name already, or this process may not.
    pub fn plant(self, path: &Path) -> Result<()> {
        let file = |path: &Path, size, mode| {
            let mut options = fs::File::options();
            let file = options.write(true).create_new(true).open(path)?;
            // Not through the name, which another process may have taken away.
            file.set_len(size)?;
            file.set_permissions(Permissions::from_mode(mode))
        };
        let aside = Self::aside(path);
        match self {
            Self::Empty => file(path, 0, 0o666),
            Self::Foreign => file(path, 8192, 0o666),
            Self::Readable => file(path, 8192, 0o444),
            Self::Forbidden => file(path, 8192, 0),
            Self::HardLink => {
                file(&aside, 8192, 0o666)?;
                fs::hard_link(aside, path)
            }
            Self::LinkToObject => {
                symlink(&aside, path)?;
                file(&aside, 8192, 0o666)
            }
            Self::LinkToNothing => symlink(aside, path),
            Self::LinkToItself => symlink(path, path),
            Self::LinkToDirectory => symlink("/dev", path),
            Self::Directory => fs::create_dir(path),
            Self::FullDirectory => {
                fs::create_dir(path)?;
                fs::write(path.join("inside"), "")
            }
            Self::Fifo => node(path, libc::S_IFIFO, 0),
            Self::Socket => {
                UnixListener::bind(path)?;
                fs::set_permissions(path, Permissions::from_mode(0o666))
            }
            Self::CharacterDevice => node(path, libc::S_IFCHR, libc::makedev(1, 3)),
            Self::BlockDevice => node(path, libc::S_IFBLK, libc::makedev(7, 0xf_fff0)),
            Self::NoDevice => node(path, libc::S_IFCHR, libc::makedev(0xfff, 0xf_fff0)),
        }
    }

    /// Takes away whatever has a name.
    pub fn remove(path: &Path) {
        if fs::remove_file(path).is_err() {
            let _ = fs::remove_dir_all(path);
        }
    }
}

fn node(path: &Path, kind: libc::mode_t, device: libc::dev_t) -> Result<()> {
    let path_in_c = CString::new(path.as_os_str().as_bytes()).expect("no NUL");
    // SAFETY: a C string.
    if unsafe { libc::mknod(path_in_c.as_ptr(), kind | 0o666, device) } != 0 {
        return Err(std::io::Error::last_os_error());
    }
    fs::set_permissions(path, Permissions::from_mode(0o666))
}
