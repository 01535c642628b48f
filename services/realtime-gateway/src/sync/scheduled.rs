//! Locks whose every step may be shuttle's to decide about.

#![allow(clippy::unwrap_used)]

use std::ops::{Deref, DerefMut};
use std::sync::atomic::Ordering;
use std::sync::{LockResult, PoisonError};

pub(crate) use chatapp_testkit::schedules::explore;
use chatapp_testkit::schedules::is_playing;
use shuttle::sync::atomic::AtomicBool;

/// Begins a task of the scene; gives it back where none is played.
pub(super) fn spawn<F: Future<Output = ()> + Send + 'static>(work: F) -> Option<F> {
    if is_playing() {
        drop(shuttle::future::spawn(work));
        return None;
    }
    Some(work)
}

/// The standard library's lock, or shuttle's where it is made in a scene.
pub(crate) enum Mutex<T> {
    Own(std::sync::Mutex<T>),
    Played(Box<Played<T>>),
}

pub(crate) struct Played<T> {
    lock: shuttle::sync::Mutex<T>,
    step: AtomicBool,
}

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        if is_playing() {
            Self::Played(Box::new(Played { lock: shuttle::sync::Mutex::new(value), step: AtomicBool::new(false) }))
        } else {
            Self::Own(std::sync::Mutex::new(value))
        }
    }

    pub(crate) fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        match self {
            Self::Own(lock) => {
                lock.lock().map(MutexGuard::Own).map_err(|e| PoisonError::new(MutexGuard::Own(e.into_inner())))
            }
            Self::Played(played) => {
                let guard = played.lock.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(MutexGuard::Played { guard: Some(guard), step: &played.step })
            }
        }
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

pub(crate) enum MutexGuard<'a, T> {
    Own(std::sync::MutexGuard<'a, T>),
    Played { guard: Option<shuttle::sync::MutexGuard<'a, T>>, step: &'a AtomicBool },
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Own(guard) => guard,
            Self::Played { guard, .. } => guard.as_ref().unwrap(),
        }
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        match self {
            Self::Own(guard) => guard,
            Self::Played { guard, .. } => guard.as_mut().unwrap(),
        }
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        if let Self::Played { guard, step } = self {
            drop(guard.take());
            // Shuttle lets others go on before it unlocks; others may come first after that as well.
            if !std::thread::panicking() {
                step.load(Ordering::SeqCst);
            }
        }
    }
}
