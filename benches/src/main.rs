//! All measurements, with the peers that need nothing but cargo. `benches/run.sh` runs it, or the
//! one in `peers/iceoryx2`, which has one peer more.

use std::process::ExitCode;

fn main() -> ExitCode {
    rawshm_benches::main(&[])
}
