//! What becomes of stored outputs.

use clap::{Args, ValueEnum};
use nbfix_fix::Options;

use super::SafetyArguments;

/// Which stored outputs go.
#[derive(Clone, Debug, Args)]
pub(crate) struct ClearArguments {
    /// `changed` takes the stored outputs and the execution count from cells whose source a fix changes: they are those
    /// of the old text.
    #[arg(long, value_enum, value_name = "WHICH", default_value_t = ClearOutputs::None)]
    #[arg(help_heading = "Fixes")]
    pub(crate) clear_outputs: ClearOutputs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ClearOutputs {
    Changed,
    None,
}

impl ClearArguments {
    /// With the fixes that are asked for.
    pub(crate) fn options(&self, safety: &SafetyArguments) -> Options {
        Options {
            safety: safety.least(),
            clear_outputs: self.clear_outputs == ClearOutputs::Changed,
        }
    }
}
