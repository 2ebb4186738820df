//! Guides: pages for a question rather than for an item. Each is a file of the repository, too.
//!
//! | page | for |
//! |---|---|
//! | [In trouble](trouble) | every symptom that users meet, with a command |
//! | [Snapshots and liveness](snapshots) | types of your own, and async programs |
//! | [The fine print](guarantees) | temporary names, fallbacks, kernels, macOS |
//! | [System calls](system_calls) | what a test or a seccomp filter has to expect |
//! | [Users](users) | which user may do what with an object of each mode |
//! | [Security](security) | what hostile peers can and cannot do |
//! | [The contract] | the calls as data, and filters |
//! | [`rawshm-start`](https://docs.rs/rawshm-start) | an executable of your own without libc |
//!
//! [The contract]: https://docs.rs/crate/rawshm/latest/source/contract/README.md

// The definition of a link before a page takes precedence over the one in it, which is a file's.
#[doc = "[Users]: crate::guide::users\n"]
#[doc = "[temporary name]: crate::guide::guarantees#temporary-names\n"]
#[doc = "[the contract]: https://docs.rs/crate/rawshm/latest/source/contract/README.md\n"]
#[doc = include_str!("../docs/trouble.md")]
pub mod trouble {}

#[cfg_attr(
    all(feature = "snapshot", feature = "derive"),
    doc = include_str!("../docs/snapshots.md")
)]
#[cfg_attr(
    not(all(feature = "snapshot", feature = "derive")),
    doc = "This page is there if the documentation is built with `snapshot` and `derive`."
)]
pub mod snapshots {}

#[doc = "[SECURITY.md]: crate::guide::security\n[SYSCALLS.md]: crate::guide::system_calls\n"]
#[doc = "[In trouble]: crate::guide::trouble\n"]
#[doc = "[Faults]: https://docs.rs/crate/rawshm/latest/source/docs/faults.md\n"]
#[doc = include_str!("../docs/guarantees.md")]
pub mod guarantees {}

#[doc = "[its data]: https://docs.rs/crate/rawshm/latest/source/contract/syscalls.json\n"]
#[doc = "[The contract's page]: https://docs.rs/crate/rawshm/latest/source/contract/README.md\n"]
#[doc = include_str!("../SYSCALLS.md")]
pub mod system_calls {}

#[doc = include_str!("../docs/users.md")]
pub mod users {}

#[doc = "[The fine print]: crate::guide::guarantees\n"]
#[doc = "[Users]: crate::guide::users\n"]
#[doc = include_str!("../SECURITY.md")]
pub mod security {}

#[cfg(all(doctest, feature = "snapshot"))]
#[doc = include_str!("../README.md")]
mod readme {}
