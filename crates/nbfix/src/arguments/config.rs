//! The arguments of `nbfix config`.

use std::path::PathBuf;

use clap::Args;

use super::{FailOn, RuleArguments, TableFormat};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nbfix config                        what is in force in this folder
  nbfix config notebooks/demo.ipynb   what is in force for that notebook
  nbfix config --output-format json

What is said in several places: the command line outweighs the environment (NBFIX_SELECT, NBFIX_EXTEND_SELECT,
NBFIX_IGNORE, NBFIX_FAIL_ON, NBFIX_CONFIG, NBFIX_OUTPUT_FORMAT), which outweighs the nearest `nbfix.toml` (or
`[tool.nbfix]` in `pyproject.toml`) in or above the folder of each file. Files further up count only if that file
says `extend = \"../nbfix.toml\"`. `nbfix schema config` has all keys.

Exit codes:
  0  it was shown
  2  the configuration cannot be used")]
pub(crate) struct ConfigCommandArguments {
    /// A file or folder.
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    #[command(flatten)]
    pub(crate) rules: RuleArguments,
    /// The lowest level of a finding that makes the exit code of `check` 1 [env: NBFIX_FAIL_ON].
    #[arg(long, value_enum, value_name = "LEVEL", help_heading = "Output")]
    pub(crate) fail_on: Option<FailOn>,
    /// `text` and `markdown` are for reading, `json` is for programs.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = TableFormat::Text)]
    #[arg(help_heading = "Output")]
    pub(crate) output_format: TableFormat,
}
