//! All measurements, with iceoryx2's blackboard, which holds a value, and its events, which wake.

mod events;

use std::mem::ManuallyDrop;
use std::process::ExitCode;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use iceoryx2::config::Config;
use iceoryx2::port::reader::EntryHandle;
use iceoryx2::port::writer::EntryHandleMut;
use iceoryx2::prelude::*;
use rawshm_benches::{Batches, Cell, Cells, Outcome, Peer, unique_name};

static PEERS: [Peer; 1] = [Peer {
    name: "iceoryx2",
    cells: Cells {
        words_3: Board::boxed,
        words_32: Board::boxed,
        words_512: Board::boxed,
        words_8192: Board::boxed,
    },
    fan: events::fan,
    why: [
        "iceoryx2 has two copies of a value, no bounds to check, and copies that the compiler \
         inlines",
        "iceoryx2 writes one of two copies, and the compiler inlines what it copies",
        "An event of iceoryx2 has no value to store or load",
    ],
}];

fn main() -> ExitCode {
    set_log_level(LogLevel::Error);
    rawshm_benches::main(&PEERS)
}

/// The files of this process. They are removed by their names after it has ended: a port may not be
/// dropped after another process has been forked.
static CONFIG: LazyLock<Result<Config, String>> = LazyLock::new(|| {
    // Short, since the path of a socket can have 107 bytes.
    let name = unique_name("");
    let mut config = Config::default();
    let prefix = name.trim_start_matches('/');
    config.global.prefix = FileName::new(prefix.as_bytes()).map_err(|it| format!("{it:?}"))?;
    let path = Path::new(format!("/tmp{name}").as_bytes()).map_err(|it| format!("{it:?}"))?;
    config.global.set_root_path(&path);
    Ok(config)
});

fn config() -> Outcome<&'static Config> {
    Ok(CONFIG.as_ref().map_err(String::as_str)?)
}

fn node() -> Outcome<Node<ipc::Service>> {
    let config = config()?;
    let node = NodeBuilder::new()
        .config(config)
        .signal_handling_mode(SignalHandlingMode::Disabled);
    Ok(node.create()?)
}

/// A name for each service.
fn service_name() -> Outcome<ServiceName> {
    static MADE: AtomicU64 = AtomicU64::new(0);
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    Ok(ServiceName::new(&format!("rawshm-bench-{number}"))?)
}

/// A value in a blackboard, and its only writer and reader.
struct Board<const N: usize> {
    writer: ManuallyDrop<EntryHandleMut<ipc::Service, u64, [u64; N]>>,
    reader: ManuallyDrop<EntryHandle<ipc::Service, u64, [u64; N]>>,
}

impl<const N: usize> Board<N> {
    fn boxed(value: &[u64; N]) -> Outcome<Box<dyn Batches<N>>> {
        const KEY: u64 = 0;
        let node = ManuallyDrop::new(node()?);
        let board = node
            .service_builder(&service_name()?)
            .blackboard_creator::<u64>()
            .add::<[u64; N]>(KEY, *value)
            .create()?;
        let writer = board.writer_builder().create()?.entry::<[u64; N]>(&KEY)?;
        let reader = board.reader_builder().create()?.entry::<[u64; N]>(&KEY)?;
        let (writer, reader) = (ManuallyDrop::new(writer), ManuallyDrop::new(reader));
        Ok(Box::new(Self { writer, reader }))
    }
}

impl<const N: usize> Cell<N> for Board<N> {
    fn store(&mut self, value: &[u64; N]) {
        self.writer.update_with_copy(*value);
    }

    fn load(&mut self, into: &mut [u64; N]) -> bool {
        *into = *self.reader.get();
        true
    }
}
