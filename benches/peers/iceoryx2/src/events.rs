//! One event that wakes several processes.

use std::mem::ManuallyDrop;
use std::time::Duration;

use iceoryx2::port::listener::Listener;
use iceoryx2::port::notifier::Notifier;
use iceoryx2::prelude::*;
use iceoryx2::service::port_factory::{PortFactory as _, event::PortFactory};
use rawshm_benches::{Fan, Outcome};

type Service = PortFactory<ipc::Service>;

/// The two ends are made when they are first used, each in its own process: iceoryx2 notes which
/// process has made a port.
pub fn fan(readers: usize) -> Outcome<Fan> {
    // The names are this process's, also for the others.
    crate::config()?;
    let name = crate::service_name()?;
    let receive = |_| {
        let (mut listener, name) = (None, name.clone());
        let receive = move || {
            let listener = match &listener {
                Some(made) => made,
                None => listener.insert(listen(&name)?),
            };
            while listener.blocking_wait(drop)? == 0 {}
            Ok(0_u64)
        };
        Box::new(receive) as _
    };
    let receive = (0..readers).map(receive).collect();
    let mut notifier = None;
    let send = Box::new(move |_| {
        let notifier = match &notifier {
            Some(made) => made,
            None => notifier.insert(notify(&name, readers)?),
        };
        notifier.notify()?;
        Ok(())
    });
    Ok(Fan { send, receive })
}

/// The node and the service stay until the process ends.
fn service(name: &ServiceName) -> Outcome<ManuallyDrop<Service>> {
    let node = ManuallyDrop::new(crate::node()?);
    let service = node.service_builder(name).event().open_or_create()?;
    Ok(ManuallyDrop::new(service))
}

fn listen(name: &ServiceName) -> Outcome<ManuallyDrop<Listener<ipc::Service>>> {
    let listener = service(name)?.listener_builder().create()?;
    Ok(ManuallyDrop::new(listener))
}

const ATTEMPTS: usize = 10_000;

/// Waits until all that are to be woken listen.
fn notify(name: &ServiceName, readers: usize) -> Outcome<ManuallyDrop<Notifier<ipc::Service>>> {
    let service = service(name)?;
    let mut attempts = 0..ATTEMPTS;
    while service.dynamic_config().number_of_listeners() < readers {
        attempts.next().ok_or("iceoryx2's listeners do not come")?;
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(ManuallyDrop::new(service.notifier_builder().create()?))
}
