//! Access rights as types.

mod sealed {
    pub trait Sealed {
        const MAY_WRITE: bool;
    }
}

/// What an [`Object`](crate::Object) or a [`Mapping`](crate::Mapping) may do: [`ReadOnly`] or [`ReadWrite`].
///
/// Rights can be given up, never gained. No other type can implement it.
pub trait Rights: sealed::Sealed + 'static {}

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

/// Whether these rights are [`ReadWrite`].
pub(crate) const fn may_write<R: Rights>() -> bool {
    <R as sealed::Sealed>::MAY_WRITE
}
