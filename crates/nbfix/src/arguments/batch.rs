//! The arguments around changing many files.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

use super::TellArguments;

/// Whether the run can be taken back.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct JournalArguments {
    /// Keep no journal: `nbfix undo` cannot take this run back.
    #[arg(long, help_heading = "Fixes")]
    pub(crate) no_journal: bool,
}

impl JournalArguments {
    /// Whether a journal is to be kept.
    pub(crate) fn wanted(self) -> bool {
        !self.no_journal
    }
}

/// How `fix` goes about it.
#[derive(Clone, Debug, Args)]
pub(crate) struct BatchArguments {
    /// Show each fix, and ask whether to apply it, as `git add -p` does.
    #[arg(long, short, help_heading = "Fixes")]
    pub(crate) interactive: bool,
    /// Write a patch for `git apply` in this folder, and leave the notebooks as they are.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) patch: Option<PathBuf>,
    /// Write down in JSON what was applied, deferred and refused in each file, and why.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) report: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) journal: JournalArguments,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nbfix undo                      take back the last run that changed a file in or below this folder
  nbfix undo --list               which runs can be taken back?
  nbfix undo other/project

`fix`, `check --fix`, `match --write` and `allow` write down beforehand what they are about to
change; a run that was interrupted can be taken back, too. A run is taken back as a whole, byte for
byte. A file that has changed since is left as it is, and named; the rest is taken back, and the run
stays in the list.

The journals lie in NBFIX_STATE_DIR, or else in `nbfix` in XDG_STATE_HOME or in ~/.local/state, and
are kept for 90 days.

Exit codes:
  0  every file is what it was
  1  there is no run to take back
  2  a file has changed since, or cannot be read or written")]
pub(crate) struct UndoArguments {
    /// Files and folders whose last run is meant.
    #[arg(default_value = ".", value_name = "PATHS")]
    pub(crate) paths: Vec<PathBuf>,
    /// Tell which runs can be taken back, the newest first.
    #[arg(long)]
    pub(crate) list: bool,
    /// Leave the files as they are, and forget the run.
    #[arg(long, conflicts_with = "list")]
    pub(crate) forget: bool,
    #[command(flatten)]
    pub(crate) telling: TellArguments,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nbfix completions bash > ~/.local/share/bash-completion/completions/nbfix
  nbfix completions zsh > ~/.zfunc/_nbfix
  nbfix completions fish > ~/.config/fish/completions/nbfix.fish")]
pub(crate) struct CompletionsArguments {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nbfix man | man -l -
  nbfix man --out ~/.local/share/man/man1")]
pub(crate) struct ManArguments {
    /// Write one page for each command into this folder, in place of printing that of `nbfix`.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}
