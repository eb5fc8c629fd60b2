//! Ctrl-C while files are written: what was begun is ended, and nothing more is begun.

use std::sync::atomic::{AtomicBool, Ordering};

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// What a shell says of a command that was interrupted.
const CODE: u8 = 130;

/// From now on Ctrl-C, or being asked to end, is a request; the second time it ends the process at once.
pub(crate) fn listen() {
    // Where this cannot be had, Ctrl-C ends the process, which loses no file either.
    let _ = ctrlc::set_handler(|| {
        if REQUESTED.swap(true, Ordering::SeqCst) {
            std::process::exit(CODE.into());
        }
    });
}

/// Whether the run is to end.
pub(crate) fn requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}
