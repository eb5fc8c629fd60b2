//! How far a long run has come.

use std::fmt;
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::environment::is_on;

/// A run that is over sooner shows no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// How the bar looks: what is done, how fast, and what remains.
const LOOKS: &str = "{wide_bar} {pos}/{len} files, {rate}, {eta} left";

/// A bar on stderr that comes when a run takes long, if stderr is a terminal.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    wanted: bool,
    total: u64,
    done: u64,
    since: Instant,
}

impl Progress {
    pub(crate) fn new(total: usize, wanted: bool) -> Self {
        Self {
            bar: None,
            wanted: wanted && !is_on("NBFIX_NO_PROGRESS") && io::stderr().is_terminal(),
            total: total as u64,
            done: 0,
            since: Instant::now(),
        }
    }

    /// One file more is done.
    pub(crate) fn step(&mut self) {
        self.done += 1;
        if self.bar.is_none() && self.wanted && self.since.elapsed() > PATIENCE {
            let bar = ProgressBar::new(self.total).with_elapsed(self.since.elapsed());
            if let Ok(style) = ProgressStyle::with_template(LOOKS) {
                // Files come in bursts; the mean of the whole run says more than that of a moment.
                let rate = |state: &ProgressState, out: &mut dyn fmt::Write| {
                    let seconds = state.elapsed().as_secs_f64().max(0.001);
                    let _ = write!(out, "{:.0}/s", state.pos() as f64 / seconds);
                };
                bar.set_style(style.with_key("rate", rate));
            }
            self.bar = Some(bar);
        }
        if let Some(bar) = &self.bar {
            bar.set_position(self.done);
        }
    }

    /// Prints something; the bar steps aside, as both may share a terminal.
    pub(crate) fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
