//! Working on many files at once, and telling the outcomes in order.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use nbfix_lint::Crash;

use crate::arguments::{FileArguments, TellArguments};
use crate::inputs::{self, Input, Inputs};
use crate::interrupt;
use crate::outcome::{Message, Outcome, Tally};
use crate::progress::Progress;
use crate::project::Projects;
use crate::terminal::Terminal;

/// Deeply nested code is visited by recursion, and a stack that is too small ends the process. Only what is used of
/// it takes memory.
const STACK: usize = 64 * 1024 * 1024;

/// The name of the threads whose panics are caught and told.
const WORKER: &str = "worker";

/// What stands around and between the outputs of files.
pub(crate) struct Frame {
    pub(crate) open: &'static str,
    pub(crate) between: &'static str,
    pub(crate) close: &'static str,
    /// In place of all that, if no file has any output.
    pub(crate) empty: &'static str,
}

impl Frame {
    /// The arrays of the files as one.
    pub(crate) const ARRAY: Frame = Frame {
        open: "[\n",
        between: ",\n",
        close: "\n]\n",
        empty: "[]\n",
    };
    /// Nothing.
    pub(crate) const PLAIN: Frame = Frame {
        open: "",
        between: "",
        close: "",
        empty: "",
    };
}

/// How many files are worked on at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// As many as there are jobs.
    Parallel,
    /// One, whose outcome is told before the next one is begun. No bar stands in the way.
    OneByOne,
}

/// That somebody ended the run before its end.
#[derive(Debug)]
pub(crate) struct Interrupted {
    done: usize,
    total: usize,
}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { done, total } = self;
        write!(
            f,
            "interrupted: {done} of {total} files are done, the others as they were; the same command again goes on"
        )
    }
}

impl std::error::Error for Interrupted {}

/// One command on its files.
pub(crate) struct Run<'a> {
    pub(crate) files: &'a FileArguments,
    pub(crate) projects: &'a Projects<'a>,
    pub(crate) telling: &'a TellArguments,
    pub(crate) terminal: &'a Terminal,
    pub(crate) frame: Frame,
    /// Whether to go on when nobody reads stdout any more: what was begun on disk is ended.
    pub(crate) persistent: bool,
}

impl Run<'_> {
    /// Finds the files.
    ///
    /// # Errors
    /// If the arguments make no sense, or a configuration cannot be used.
    pub(crate) fn find(&self) -> anyhow::Result<Inputs> {
        inputs::find(self.files, self.projects)
    }

    /// Finds the files, and works on each: see [`Run::each_of`].
    pub(crate) fn each(
        &self,
        work: impl Fn(&Input) -> Outcome + Sync,
        crashed: impl Fn(&Input, Crash) -> Outcome + Sync,
    ) -> anyhow::Result<Tally> {
        self.each_of(self.find()?, work, crashed)
    }

    /// Works on each of the files, prints the outcomes in the order of the paths, and adds them up. `crashed` tells
    /// of a panic outside of the rules, whose own are caught one by one.
    pub(crate) fn each_of(
        &self,
        found: Inputs,
        work: impl Fn(&Input) -> Outcome + Sync,
        crashed: impl Fn(&Input, Crash) -> Outcome + Sync,
    ) -> anyhow::Result<Tally> {
        self.each_at(Pace::Parallel, found, work, crashed, |_| {})
    }

    /// The same at a pace of one's own. `also` is given each outcome, in the same order.
    ///
    /// # Errors
    /// [`Interrupted`], or if stdout fails.
    pub(crate) fn each_at(
        &self,
        pace: Pace,
        found: Inputs,
        work: impl Fn(&Input) -> Outcome + Sync,
        crashed: impl Fn(&Input, Crash) -> Outcome + Sync,
        mut also: impl FnMut(&Outcome) + Send,
    ) -> anyhow::Result<Tally> {
        if self.persistent && pace == Pace::Parallel {
            interrupt::listen();
        }
        let mut tally = Tally::default();
        for error in &found.errors {
            self.terminal.error(error);
            tally.trouble = true;
        }
        if found.inputs.is_empty() && found.errors.is_empty() {
            self.terminal.warning("no notebook found");
        }
        let mut projects = self.projects.all().into_iter();
        if projects.any(|project| project.runs_nothing()) {
            self.terminal.warning("no rule is selected");
        }
        let bar = !self.telling.quiet && pace == Pace::Parallel;
        let mut progress = Progress::new(found.inputs.len(), bar);
        let mut done = 0;
        let mut printed = false;
        let guarded =
            |input: &Input| caught(|| work(input)).unwrap_or_else(|crash| crashed(input, crash));
        let take = |outcome: Outcome| {
            done += 1;
            progress.step();
            let told = progress.aside(|| {
                also(&outcome);
                self.tell(&outcome, &mut printed)
            });
            tally.add(outcome.tally);
            told
        };
        match pace {
            Pace::Parallel => in_order(&found.inputs, self.jobs(), guarded, take)?,
            Pace::OneByOne => one_by_one(&found.inputs, guarded, take)?,
        }
        drop(progress);
        if done < found.inputs.len() && interrupt::requested() {
            let total = found.inputs.len();
            return Err(Interrupted { done, total }.into());
        }
        let end = if printed {
            self.frame.close
        } else {
            self.frame.empty
        };
        self.print(end.as_bytes())?;
        Ok(tally)
    }

    fn tell(&self, outcome: &Outcome, printed: &mut bool) -> io::Result<()> {
        for message in &outcome.messages {
            match message {
                Message::Error(text) => self.terminal.error(text),
                Message::Warning(text) => self.terminal.warning(text),
                Message::Note(text) => self.terminal.note(text),
            }
        }
        if outcome.out.is_empty() {
            return Ok(());
        }
        let before = if *printed {
            self.frame.between
        } else {
            self.frame.open
        };
        *printed = true;
        self.print(before.as_bytes())?;
        self.print(&outcome.out)
    }

    fn print(&self, bytes: &[u8]) -> io::Result<()> {
        match self.terminal.print(bytes) {
            Err(error) if self.persistent && error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            done => done,
        }
    }

    fn jobs(&self) -> usize {
        let processors = || thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        self.files.jobs.unwrap_or_else(processors).get()
    }
}

/// What `work` gives, or the panic that ended it.
fn caught<T>(work: impl FnOnce() -> T) -> Result<T, Crash> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| Crash {
        rule: "internal",
        message: panic_message(&*panic),
    })
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("no message").to_owned()
}

/// Keeps panics of workers from being printed: they are caught and told. `RUST_BACKTRACE` asks for them.
pub(crate) fn quiet_panics() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        let caught = thread::current().name() == Some(WORKER);
        if !caught || std::env::var_os("RUST_BACKTRACE").is_some() {
            print(panic);
        }
    }));
}

/// Calls `work` for every item on `jobs` threads, and `take` with the results, in the order of the items and as soon
/// as may be. Items are begun in order, so that few results have to wait for an earlier one. After an error of
/// `take` no further item is begun.
fn in_order<T: Sync, R: Send>(
    items: &[T],
    jobs: usize,
    work: impl Fn(&T) -> R + Sync,
    mut take: impl FnMut(R) -> io::Result<()>,
) -> io::Result<()> {
    let next = AtomicUsize::new(0);
    // Bounded, so that workers wait when stdout is slow.
    let (sender, receiver) = mpsc::sync_channel(jobs);
    thread::scope(|scope| {
        for _ in 0..jobs.min(items.len()) {
            let (sender, next, work) = (sender.clone(), &next, &work);
            let worker = thread::Builder::new()
                .name(WORKER.to_owned())
                .stack_size(STACK);
            worker.spawn_scoped(scope, move || {
                loop {
                    if interrupt::requested() {
                        break;
                    }
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(index) else { break };
                    if sender.send((index, work(item))).is_err() {
                        break;
                    }
                }
            })?;
        }
        drop(sender);
        let mut early = BTreeMap::new();
        let mut due = 0;
        for (index, result) in receiver {
            early.insert(index, result);
            while let Some(result) = early.remove(&due) {
                take(result)?;
                due += 1;
            }
        }
        Ok(())
    })
}

/// Calls `work` and `take` for every item in turn, on one thread with a large stack.
fn one_by_one<T: Sync, R>(
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
    mut take: impl FnMut(R) -> io::Result<()> + Send,
) -> io::Result<()> {
    thread::scope(|scope| {
        let worker = thread::Builder::new()
            .name(WORKER.to_owned())
            .stack_size(STACK);
        let all = || items.iter().try_for_each(|item| take(work(item)));
        let worker = worker.spawn_scoped(scope, all)?;
        let ended = worker.join();
        ended.unwrap_or_else(|panic| Err(io::Error::other(panic_message(&*panic))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_told() {
        assert_eq!(caught(|| 1).ok(), Some(1));
        let crash = caught(|| assert!([0; 0].len() > 1, "of {} cells", 2)).err();
        assert_eq!(
            crash.map(|crash| crash.message).as_deref(),
            Some("of 2 cells")
        );
    }

    #[test]
    fn results_come_in_order_and_end_at_an_error() {
        let items: Vec<u64> = (0..50).collect();
        let slow_first = |item: &u64| {
            thread::sleep(std::time::Duration::from_millis(5 * (item % 3)));
            *item
        };
        let mut seen = Vec::new();
        let done = in_order(&items, 4, slow_first, |item| {
            seen.push(item);
            Ok(())
        });
        assert!(done.is_ok());
        assert_eq!(seen, items);
        let mut seen = 0;
        let done = in_order(&items, 4, slow_first, |_| {
            seen += 1;
            Err(io::ErrorKind::BrokenPipe.into())
        });
        assert!(done.is_err());
        assert_eq!(seen, 1);
    }
}
