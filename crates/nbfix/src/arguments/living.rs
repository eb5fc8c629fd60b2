//! The arguments of the commands for living with findings.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{FileArguments, JournalArguments, PageArguments, RuleArguments, TellArguments};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nbfix allow hardcoded-model demo.ipynb --reason 'the lab is about this model'
  nbfix allow personal-path notebooks/ --as tag
  nbfix allow asyncio-run demo.ipynb --cell 7

Without `--cell` each finding gets a comment of its own, in its line or above it; a comment at the top of a cell, and a
tag, hold for the whole cell. All other bytes of the file stay as they are.

What is understood:
  x = 1  # nbfix: allow RULE, RULE reason     this line; alone on a line, the next one
  # nbfix: allow RULE                         at the top of a cell: the cell
  # nbfix: allow-file RULE                    the notebook
  <!-- nbfix: allow RULE -->                  the same in Markdown
  tag nbfix:allow=RULE                        the cell
  {\"nbfix\": {\"allow\": [\"RULE\"]}}              the cell, in its metadata

Exit codes:
  0  what was found is allowed, or nothing was found
  2  a wrong argument, a file that cannot be read or written, or a finding that cannot be allowed there")]
pub(crate) struct AllowArguments {
    /// The name of a rule; `nbfix rules` lists them.
    pub(crate) rule: String,
    #[command(flatten)]
    pub(crate) files: FileArguments,
    /// Only what is found in this cell, counted from 1, and with one comment for the whole of it.
    #[arg(long, value_name = "N", help_heading = "Writing")]
    pub(crate) cell: Option<NonZeroUsize>,
    /// What is written: comments can be read by people, tags leave the text alone.
    #[arg(long = "as", value_enum, value_name = "FORM", default_value_t = AllowAs::Comment)]
    #[arg(help_heading = "Writing")]
    pub(crate) how: AllowAs,
    /// Why it is meant to stay, for the next reader. Tags have no place for it.
    #[arg(long, value_name = "TEXT", help_heading = "Writing")]
    pub(crate) reason: Option<String>,
    #[command(flatten)]
    pub(crate) journal: JournalArguments,
    #[command(flatten)]
    pub(crate) pages: PageArguments,
    #[command(flatten)]
    pub(crate) telling: TellArguments,
}

#[derive(Debug, Args)]
pub(crate) struct BaselineArguments {
    #[command(subcommand)]
    pub(crate) command: BaselineCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BaselineCommand {
    /// Write down what is found: `check` then tells only what is new.
    Write(BaselineWriteArguments),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nbfix baseline write                 what is found now is known from now on
  nbfix check                          tells what is new, and how much of the baseline is gone
  nbfix check --no-baseline            tells all

A finding is known by its rule, its cell (the id, or what it holds) and the text that it is about, not by a line: it
stays known when cells move, come, go or run again. Of files that are not looked at, what is known stays known.

Exit codes:
  0  it was written
  2  a wrong argument, a file that cannot be read or written, or a bug of nbfix")]
pub(crate) struct BaselineWriteArguments {
    #[command(flatten)]
    pub(crate) files: FileArguments,
    #[command(flatten)]
    pub(crate) rules: RuleArguments,
    /// The file; by default what the configuration says, or `nbfix-baseline.json` beside it.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) baseline: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) telling: TellArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AllowAs {
    Comment,
    Tag,
}
