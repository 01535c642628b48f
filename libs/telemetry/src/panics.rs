//! Panics belong into the log, in its format, on one line.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{self, PanicHookInfo};

use crate::FilterControl;

/// Logs every panic from now on, and has it counted among the errors. A log that is off leaves panics to the hook that
/// was there before, too.
pub(crate) fn log_panics(filter: FilterControl) {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        log(info);
        if filter.get().is_off() {
            before(info);
        }
    }));
}

fn log(info: &PanicHookInfo<'_>) {
    let reason = info.payload_as_str().unwrap_or("no message");
    let location = info.location().map(ToString::to_string).unwrap_or_default();
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    let backtrace = Backtrace::capture();
    let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| tracing::field::display(backtrace));
    tracing::error!(panic.location = location, panic.thread = thread, panic.backtrace = backtrace, "panic: {reason}");
}
