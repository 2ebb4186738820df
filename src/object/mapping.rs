//! Mappings of objects.

use core::fmt;
use core::ops::Deref;

use rustix::fd::BorrowedFd;

use crate::Rights;
use crate::error::{Error, Operation, because};
use crate::sys::{self, Access, Advice};
use crate::{Errno, Extent, Name, Options, ReadOnly, ReadWrite, SharedBytes, Size};

/// A mapping of a shared memory object: its bytes in this process's memory, with the rights in its
/// type.
///
/// It needs neither the object's descriptor nor its name. Its bytes are accessed as
/// [`SharedBytes`], to which it dereferences. Dropping it makes one `munmap`; a child of `fork` has
/// a mapping of its own.
///
/// Where the kernel reports blocks of 64 KiB or more, whole blocks are mapped, with the same calls:
/// on hugetlbfs, in a memfd with `MFD_HUGETLB`, in a tmpfs with `huge=`, and on some disks. The
/// mapping then takes more of the address space than its length says.
///
/// A peer that may write can change every byte at any time, which is why there are no references to
/// them. If a peer shrinks the object, or there is no memory for a sparse page, an access is a
/// `SIGBUS`, which ends the process. That is not undefined behaviour, but it cannot be foreseen:
/// reserve memory ([`Size::Reserved`]) or get it ([`Mapping::prefault`]), and give write access
/// only to processes that need it. Where a peer may shrink the object all the same, read it without
/// a mapping ([`Object::read_at`](crate::Object::read_at)), or share one whose size is sealed
/// ([`Object::create_anonymous`](crate::Object::create_anonymous)).
///
/// # Examples
///
/// ```
/// use rawshm::{Extent, Mapping, Name, Size};
///
/// let name = Name::new(&format!("/rawshm-doc-mapping-{}", std::process::id()))?;
/// let writer = Mapping::create(&name, Size::Sparse(4096))?;
/// let reader = Mapping::open(&name, Extent::first(8))?;
/// rawshm::unlink(&name)?;
///
/// writer.store(0, &8021_u64)?;
/// assert_eq!(reader.load::<u64>(0)?, 8021);
/// assert_eq!(reader.len(), 8);
/// # Ok::<(), rawshm::Error>(())
/// ```
///
/// Code that writes through a read-only mapping does not compile:
///
/// ```compile_fail,E0599
/// # use rawshm::{Extent, Mapping, Name};
/// # let name = Name::new("/x")?;
/// let reader = Mapping::open(&name, Extent::Whole)?;
/// reader.store(0, &8021_u64)?;
/// # Ok::<(), rawshm::Error>(())
/// ```
///
/// # References
/// - [POSIX](https://pubs.opengroup.org/onlinepubs/9799919799/functions/mmap.html)
/// - [Linux](https://man7.org/linux/man-pages/man2/mmap.2.html)
#[doc(alias = "munmap")]
pub struct Mapping<R: Rights> {
    bytes: SharedBytes<R>,
    /// How many bytes are mapped before `bytes`, to begin at an offset that can be mapped.
    lead: usize,
    /// How many bytes are mapped, those of `lead` included: whole pages, where they are larger than
    /// elsewhere.
    mapped: usize,
}

impl Mapping<ReadOnly> {
    /// Opens an object and maps a part of it to read it, as [`Options::open_mapping`] does with the
    /// defaults.
    ///
    /// On Linux, `openat`, `fstat`, `mmap` and `close`.
    ///
    /// # Errors
    ///
    /// With [`Operation::Open`], unless another operation is named:
    ///
    /// - `ENOENT` – there is no such object.
    /// - `EACCES` – its mode does not permit reading.
    /// - `ENXIO` with [`Operation::Map`] – the part reaches beyond the object's size. An object
    ///   that its creator is about to size has 0 bytes.
    /// - `ENOENT` with [`Operation::Directory`] – there is no `/dev/shm`.
    /// - The others of [`Options::open`] and [`Object::map`](crate::Object::map).
    pub fn open(name: &Name, extent: Extent) -> Result<Self, Error> {
        Options::new().open_mapping(name, extent)
    }
}

impl Mapping<ReadWrite> {
    /// Creates a new object, exclusively, and maps the whole of it, as [`Options::create_mapping`]
    /// does with the defaults.
    ///
    /// On Linux, `openat`, `ftruncate`, `fallocate` for [`Size::Reserved`], `mmap` and `close`.
    ///
    /// # Errors
    ///
    /// With [`Operation::Create`], unless another operation is named:
    ///
    /// - `EEXIST` – the name is taken.
    /// - `ENOSPC` with [`Operation::Reserve`] – not enough memory.
    /// - `EACCES` – `/dev/shm` is not writable.
    /// - `ENOENT` with [`Operation::Directory`] – there is no `/dev/shm`.
    /// - The others of [`Options::create_mapping`].
    pub fn create(name: &Name, size: Size) -> Result<Self, Error> {
        Options::new().create_mapping(name, size)
    }

    /// Opens an object and maps a part of it to read and write it, as
    /// [`Options::open_mapping_read_write`] does with the defaults.
    ///
    /// # Errors
    ///
    /// Those of [`Mapping::open`], where the mode must permit writing; also `EROFS` with
    /// [`Operation::Open`] – `/dev/shm` is on a read-only file system.
    pub fn open_read_write(name: &Name, extent: Extent) -> Result<Self, Error> {
        Options::new().open_mapping_read_write(name, extent)
    }

    /// Gives up the right to write, and protects the pages also from bugs in other code of this
    /// process. One `mprotect`.
    ///
    /// # Errors
    ///
    /// With [`Operation::Protect`]: `ENOMEM` – the process has too many mappings. The mapping is
    /// then dropped.
    ///
    /// # References
    /// - [POSIX](https://pubs.opengroup.org/onlinepubs/9799919799/functions/mprotect.html)
    /// - [Linux](https://man7.org/linux/man-pages/man2/mprotect.2.html)
    #[doc(alias = "mprotect")]
    pub fn into_read_only(self) -> Result<Mapping<ReadOnly>, Error> {
        let (start, len) = self.all();
        // SAFETY: `all` returns the whole mapping, and this, the only way to write through it,
        // is consumed.
        unsafe { sys::make_read_only(start.cast(), len) }.map_err(because(Operation::Protect))?;
        let kept = core::mem::ManuallyDrop::new(self);
        // SAFETY: the bytes stay mapped, with the right to read, until the drop of the mapping
        // returned.
        let bytes = unsafe { SharedBytes::new(kept.bytes.start(), kept.bytes.len()) };
        Ok(Mapping {
            bytes,
            lead: kept.lead,
            mapped: kept.mapped,
        })
    }
}

impl<R: Rights> Mapping<R> {
    /// Maps the whole of an object that this process has just sized, and so whole pages, whatever
    /// their size is.
    pub(crate) fn whole(fd: BorrowedFd<'_>, part: (u64, usize)) -> Result<Self, Error> {
        Self::new(fd, part, 0)
    }

    /// Maps an offset and a length that lie within the object. `page_rest` is that of its status.
    pub(crate) fn new(
        fd: BorrowedFd<'_>,
        (offset, len): (u64, usize),
        page_rest: u32,
    ) -> Result<Self, Error> {
        let failed = because(Operation::Map);
        let granule_rest = sys::OFFSET_GRANULE.wrapping_sub(1);
        let lead = offset & (granule_rest | u64::from(page_rest));
        let start = offset.saturating_sub(lead);
        let lead = usize::try_from(lead).map_err(|_| failed(Errno::OVERFLOW))?;
        // No offset within it may exceed an isize, by which pointers are moved; the kernel of a
        // 32-bit process maps more.
        let used = len
            .checked_add(lead)
            .filter(|used| isize::try_from(*used).is_ok())
            .ok_or(failed(Errno::NOMEM))?;
        let rest = usize::try_from(page_rest).map_err(|_| failed(Errno::NOMEM))?;
        let mapped = used.checked_add(rest).ok_or(failed(Errno::NOMEM))? & !rest;
        let base = sys::map(fd, Access::of::<R>(), start, mapped).map_err(failed)?;
        // SAFETY: `lead` is at most the length of what was mapped.
        let first = unsafe { base.cast::<u8>().add(lead) };
        // SAFETY: `len` bytes from `first` on are mapped with the rights `R`, until the drop of
        // this mapping, which drops its `SharedBytes`.
        let bytes = unsafe { SharedBytes::new(first, len) };
        Ok(Self {
            bytes,
            lead,
            mapped,
        })
    }

    /// Gets the memory of every page now, for writing if the mapping has the right to write, else
    /// for reading. Both fill the holes of a sparse object. One `madvise` with
    /// `MADV_POPULATE_WRITE` or `MADV_POPULATE_READ`.
    ///
    /// A lack of memory is an error here, where the first touch of a page would be a `SIGBUS`. A
    /// peer that shrinks the object can still take pages away later.
    ///
    /// # Errors
    ///
    /// With [`Operation::Prefault`]:
    ///
    /// - `EFAULT` – the file system has not enough memory, or the object was shrunk. Pages that
    ///   were allocated before that stay allocated.
    /// - `ENOMEM` – the process may not have more memory.
    /// - `EINVAL` – Linux before 5.14.
    ///
    /// Beyond the limit of a memory cgroup the kernel does not return an error, but kills the
    /// process.
    ///
    /// # Platform notes
    ///
    /// macOS has no such call: `ENOTSUP`.
    ///
    /// # References
    /// - [Linux](https://man7.org/linux/man-pages/man2/madvise.2.html)
    #[doc(alias = "MADV_POPULATE_WRITE")]
    #[doc(alias = "MADV_POPULATE_READ")]
    #[doc(alias = "MAP_POPULATE")]
    pub fn prefault(&self) -> Result<(), Error> {
        let (start, len) = self.used();
        // SAFETY: `used` returns a part of the mapping, which has the rights `R`.
        unsafe { sys::prefault(start.cast(), len, Access::of::<R>()) }
            .map_err(because(Operation::Prefault))
    }

    /// Gets the memory of every page and keeps it from being swapped out, until [`Mapping::unlock`]
    /// or the drop of the mapping. One `mlock`.
    ///
    /// # Errors
    ///
    /// With [`Operation::Lock`]:
    ///
    /// - `ENOMEM` – more than `RLIMIT_MEMLOCK`, or a page for which there is no memory.
    /// - `EPERM` – the process may not lock memory.
    /// - `EAGAIN` – some pages could not be locked.
    ///
    /// # References
    /// - [POSIX](https://pubs.opengroup.org/onlinepubs/9799919799/functions/mlock.html)
    /// - [Linux](https://man7.org/linux/man-pages/man2/mlock.2.html)
    #[doc(alias = "mlock")]
    pub fn lock(&self) -> Result<(), Error> {
        let (start, len) = self.used();
        // SAFETY: `used` returns a part of the mapping.
        unsafe { sys::lock(start.cast(), len) }.map_err(because(Operation::Lock))
    }

    /// Undoes [`Mapping::lock`]. One `munlock`.
    ///
    /// # Errors
    ///
    /// With [`Operation::Unlock`]: `ENOMEM` – the process has too many mappings.
    #[doc(alias = "munlock")]
    pub fn unlock(&self) -> Result<(), Error> {
        let (start, len) = self.used();
        // SAFETY: `used` returns a part of the mapping.
        unsafe { sys::unlock(start.cast(), len) }.map_err(because(Operation::Unlock))
    }

    /// Gives the kernel advice about the mapping. One `madvise`.
    ///
    /// # Errors
    ///
    /// With [`Operation::Advise`]: `EINVAL` – the kernel was built without it; `ENOMEM` – the
    /// process has too many mappings.
    ///
    /// # Platform notes
    ///
    /// macOS has none of this: `ENOTSUP`.
    ///
    /// # References
    /// - [Linux](https://man7.org/linux/man-pages/man2/madvise.2.html)
    #[doc(alias = "madvise")]
    pub fn advise(&self, advice: Advice) -> Result<(), Error> {
        let (start, len) = self.all();
        // SAFETY: `all` returns the whole mapping.
        unsafe { sys::advise(start.cast(), len, advice) }.map_err(because(Operation::Advise))
    }

    /// The whole mapping.
    fn all(&self) -> (*mut u8, usize) {
        let start = self.bytes.start().as_ptr().wrapping_sub(self.lead);
        (start, self.mapped)
    }

    /// The mapping up to the last byte that was asked for: the object may end there.
    fn used(&self) -> (*mut u8, usize) {
        let (start, _) = self.all();
        (start, self.bytes.len().saturating_add(self.lead))
    }
}

impl<R: Rights> Deref for Mapping<R> {
    type Target = SharedBytes<R>;

    fn deref(&self) -> &SharedBytes<R> {
        &self.bytes
    }
}

impl<R: Rights> Drop for Mapping<R> {
    fn drop(&mut self) {
        let (start, len) = self.all();
        // SAFETY: `all` returns the whole mapping, and whatever borrowed its bytes is gone.
        let unmapped = unsafe { sys::unmap(start.cast(), len) };
        // It can fail only where it would split a larger area, which the kernel made of
        // neighbouring mappings, and the process has as many areas as it may. Then the memory stays
        // mapped, and unused.
        let _ = unmapped;
    }
}

impl<R: Rights> fmt::Debug for Mapping<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mapping")
            .field("bytes", &self.bytes)
            .field("lead", &self.lead)
            .field("mapped", &self.mapped)
            .finish()
    }
}
