//! An object that has no name any more, passed to another process over a Unix socket.
//!
//! ```text
//! cargo run --example pass --features std -- give /tmp/socket   # in one terminal
//! cargo run --example pass --features std -- take /tmp/socket   # in another
//! ```

use core::error::Error;
use core::mem::MaybeUninit;
use std::io::{IoSlice, IoSliceMut};
use std::os::fd::AsFd as _;
use std::os::unix::net::{UnixListener, UnixStream};

use rawshm::{Extent, Mapping, Name, Object, ReadOnly, Size};
use rustix::net::{self, RecvFlags, SendFlags};
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage};

fn give(path: &str) -> Result<(), Box<dyn Error>> {
    let name = Name::new(&format!("/rawshm-pass-{}", std::process::id()))?;
    let mapping = Mapping::create(&name, Size::Reserved(4096))?;
    // A descriptor keeps its rights: the receiver of this one can read.
    let object = Object::open(&name);
    rawshm::unlink(&name)?;
    mapping.store(0, &[100_i64, 876, 8021])?;

    let object = object?;
    let descriptors = [object.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    control.push(SendAncillaryMessage::ScmRights(&descriptors));
    let listener = UnixListener::bind(path)?;
    let (socket, _) = listener.accept()?;
    net::sendmsg(
        socket,
        &[IoSlice::new(&[0])],
        &mut control,
        SendFlags::empty(),
    )?;
    Ok(std::fs::remove_file(path)?)
}

fn take(path: &str) -> Result<(), Box<dyn Error>> {
    let socket = UnixStream::connect(path)?;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    // On Linux, add RecvFlags::CMSG_CLOEXEC if this program starts others.
    let flags = RecvFlags::empty();
    net::recvmsg(
        socket,
        &mut [IoSliceMut::new(&mut [0])],
        &mut control,
        flags,
    )?;
    let received = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    });
    // EINVAL if it is no regular file, EACCES if it may not do what the type says.
    let object = Object::<ReadOnly>::from_fd(received.ok_or("no descriptor came")?)?;
    let columns: [i64; 3] = object.map(Extent::first(24))?.load(0)?;
    println!("{columns:?}");
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["give", path] => give(path),
        ["take", path] => take(path),
        _ => Err("usage: pass give SOCKET | take SOCKET".into()),
    }
}
