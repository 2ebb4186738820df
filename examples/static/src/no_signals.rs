//! Where there is no start code, signals do what the system has them do: no function has an effect.

/// What would be left to do before the program ends.
pub type Last<'a> = dyn FnMut() + Send + 'a;

/// Has no effect.
pub fn catch() {}

/// Runs `wait`.
pub fn interruptible<T>(_: &mut Last<'_>, wait: impl FnOnce() -> T) -> T {
    wait()
}

/// Always 0.
#[must_use]
pub fn status() -> u8 {
    0
}
