//! Access rights as types.

mod sealed {
    pub trait Sealed {
        const MAY_WRITE: bool;
    }
}

/// What an [`Object`](crate::Object) or a [`Mapping`](crate::Mapping) may do: [`ReadOnly`] or
/// [`ReadWrite`].
///
/// A value can give up the right to write, and cannot regain it. An object's descriptor still has
/// the rights with which it was opened: `into_fd` and `from_fd` make an object with them. No other
/// type can implement this trait.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a right to shared memory",
    note = "the rights are `ReadOnly` and `ReadWrite`"
)]
pub trait Rights: sealed::Sealed + Send + Sync + 'static {}

/// The right to read.
#[derive(Clone, Copy, Debug)]
pub enum ReadOnly {}

/// The rights to read, to write and to resize.
#[derive(Clone, Copy, Debug)]
pub enum ReadWrite {}

impl sealed::Sealed for ReadOnly {
    const MAY_WRITE: bool = false;
}

impl sealed::Sealed for ReadWrite {
    const MAY_WRITE: bool = true;
}

impl Rights for ReadOnly {}
impl Rights for ReadWrite {}

/// Returns whether these rights are [`ReadWrite`].
pub(crate) const fn may_write<R: Rights>() -> bool {
    <R as sealed::Sealed>::MAY_WRITE
}
