//! Scenes of several tasks, played under many schedules: shuttle decides at each lock and each wait who goes on.
//!
//! Code takes part through the few names that it takes from a module `sync` of its own: in the product they are the
//! standard library's and tokio's, in its crate's tests shuttle's wherever a scene [is played](is_playing). Channels are
//! tokio's in either case: what happens within one of their calls is not taken apart.

use std::cell::Cell;
use std::sync::Arc;

use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, Runner};

/// Schedules of each kind that are played for every change.
const SCHEDULES: usize = 1_500;
/// Overtakings at most, in the schedules that look for few but unlikely ones.
const OVERTAKINGS: usize = 3;
/// Bytes of a task's stack.
const STACK: usize = 512 * 1024;

thread_local! {
    static PLAYING: Cell<bool> = const { Cell::new(false) };
}

/// Whether what is made now, on this thread, belongs to a scene.
pub fn is_playing() -> bool {
    PLAYING.get()
}

/// Plays a scene under many schedules: some by chance alone, some in which few overtake. `SCHEDULES` says another number
/// than usual, `SCHEDULES_SEED` other ones. Panics in the first in which something asserted does not hold, or nobody can
/// go on, and says how that one is replayed.
pub fn explore(scene: impl Fn() + Send + Sync + 'static) {
    let scene = Arc::new(scene);
    let (count, seed) = (number("SCHEDULES").unwrap_or(SCHEDULES), number("SCHEDULES_SEED").unwrap_or(1));
    let seed = seed as u64;
    play(RandomScheduler::new_from_seed(seed, count), &scene);
    play(PctScheduler::new_from_seed(seed, OVERTAKINGS, count), &scene);
}

fn play<F: Fn() + Send + Sync + 'static>(scheduler: impl Scheduler + 'static, scene: &Arc<F>) {
    let mut config = Config::new();
    config.stack_size = STACK;
    config.silence_warnings = true;
    let scene = Arc::clone(scene);
    PLAYING.set(true);
    Runner::new(scheduler, config).run(move || scene());
    PLAYING.set(false);
}

fn number(variable: &str) -> Option<usize> {
    std::env::var(variable).ok()?.parse().ok()
}
