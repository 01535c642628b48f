//! Sockets that are opened while sessions end and the process does, under every kind of schedule.
#![allow(clippy::unwrap_used)]

use std::pin::pin;
use std::sync::atomic::AtomicBool;

use chatapp_types::{Timestamp, UserId};
use futures::FutureExt as _;
use shuttle::future::block_on;
use shuttle::thread;
use tokio::runtime::Builder;

use super::*;
use crate::config::GatewayConfig;
use crate::socket::seats::Seats;
use crate::sync::explore;

/// Somebody who opens a socket.
fn opening(sockets: &Sockets, session: SessionId) -> thread::JoinHandle<(Arc<Outbox>, Registration)> {
    let sockets = sockets.clone();
    thread::spawn(move || {
        let outbox = Arc::new(Outbox::new(10_000));
        let seat = Seats::new(&GatewayConfig::default()).take(UserId::new()).unwrap();
        let registration = sockets.register(seat, &outbox, session, Dialect::V1);
        (outbox, registration)
    })
}

#[test]
fn no_socket_that_is_opened_during_the_shutdown_stays_open() {
    explore(|| {
        // The time stands still; sockets are closed at once.
        let time = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let _entered = time.enter();
        let sockets = Sockets::new(Revocations::fixed());
        let opened = [(); 3].map(|()| opening(&sockets, SessionId::new()));
        let (closing, done) = (sockets.clone(), Arc::new(AtomicBool::new(false)));
        let told = done.clone();
        let closer = thread::spawn(move || {
            block_on(closing.close_all(Duration::ZERO));
            told.store(true, Ordering::SeqCst);
        });
        while !done.load(Ordering::SeqCst) {
            time.block_on(tokio::time::advance(Duration::from_millis(1)));
            thread::yield_now();
        }
        closer.join().unwrap();
        for socket in opened {
            let (outbox, _registration) = socket.join().unwrap();
            assert!(outbox.is_closing());
        }
    });
}

#[test]
fn no_socket_stays_open_whose_session_ends_as_it_is_opened() {
    explore(|| {
        let (revocations, session) = (Revocations::fixed(), SessionId::new());
        let sockets = Sockets::new(revocations.clone());
        let mut following = pin!(sockets.clone().follow_revocations());
        assert!(following.as_mut().now_or_never().is_none(), "it follows from here on");
        let socket = opening(&sockets, session);
        let ending = thread::spawn(move || {
            thread::yield_now();
            revocations.note(session, Timestamp::from_millis(0));
        });
        let (outbox, _registration) = socket.join().unwrap();
        let closed = async {
            tokio::select! {
                closing = outbox.cut() => closing,
                () = following.as_mut() => unreachable!("it follows for as long as it is polled"),
            }
        };
        assert_eq!(block_on(closed), CloseReason::SessionRevoked.into());
        ending.join().unwrap();
    });
}
