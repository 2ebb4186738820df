//! The system calls, one by one: golden traces, compared byte for byte.
//!
//! `RAWSHM_BLESS=1` rewrites the files beside this one.

mod needs_strace {
    mod complete;
    mod object;
    mod reading;
    mod rounds;
    mod snapshot;
}
