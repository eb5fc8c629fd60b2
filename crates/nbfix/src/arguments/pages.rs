//! The arguments of the commands for those who write rules.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{
    ConfigArguments, FileArguments, JournalArguments, OutputFormat, PageArguments, TellArguments,
};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nbfix match 'openai.ChatCompletion.create($$$args)'
  nbfix match 'display($x)' notebooks/ --replace '$x'
  nbfix match 'time.sleep($s)' demo.ipynb --replace 'await asyncio.sleep($s)' --write

`$name` stands for one expression, `$$$name` for any run of arguments; names match by what they mean, whatever the
imports call them. Put the pattern in single quotes: the shell would read `$name` itself.

Exit codes (those of grep):
  0  something matches
  1  nothing matches
  2  a wrong pattern or argument, or a file that cannot be read or written")]
pub(crate) struct MatchArguments {
    /// Python with holes.
    pub(crate) pattern: String,
    #[command(flatten)]
    pub(crate) files: FileArguments,
    #[command(flatten)]
    pub(crate) config: ConfigArguments,
    /// What to write in the match's place; the difference is shown.
    #[arg(long, value_name = "TEMPLATE", help_heading = "Rewriting")]
    pub(crate) replace: Option<String>,
    /// Write it to the files. What would no longer be Python is left as it is, and told.
    #[arg(long, requires = "replace", help_heading = "Rewriting")]
    pub(crate) write: bool,
    #[command(flatten)]
    pub(crate) journal: JournalArguments,
    /// Show the difference of the files, for `git apply`, in place of that of the cells.
    #[arg(
        long,
        requires = "replace",
        conflicts_with = "write",
        help_heading = "Rewriting"
    )]
    pub(crate) patch: bool,
    /// Write secrets in the diff as they are, so that it applies; otherwise they are masked.
    #[arg(
        long,
        requires = "replace",
        conflicts_with = "write",
        help_heading = "Rewriting"
    )]
    pub(crate) show_secrets: bool,
    /// `full` shows the source around each match, `concise` is one line each, `json` one array for programs.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = OutputFormat::Full)]
    #[arg(help_heading = "Output", conflicts_with = "replace")]
    pub(crate) output_format: OutputFormat,
    #[command(flatten)]
    pub(crate) telling: TellArguments,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nbfix new-rule retired-client
  nbfix new-rule retired-client --dir tools/nbfix-rules

The page works as it is: it flags and mends a call of a library that does not exist. Edit it, and try it with
`nbfix test`.

Exit codes:
  0  the page was written
  2  it was not: the name will not do, or there is such a page")]
pub(crate) struct NewRuleArguments {
    /// Words with hyphens that read well after \"allow\": the pattern, not the remedy.
    pub(crate) name: String,
    /// Where the page is written.
    #[arg(long, value_name = "DIR", default_value = "nbfix-rules")]
    pub(crate) dir: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nbfix test                              the pages of nbfix-rules/ and those that nbfix.toml names
  nbfix test nbfix-rules/retired-client.toml
  nbfix test --bless                      take what the rule does as what it should: read the difference afterwards

What may be wrong with an example:
  noisy        something is found where nothing should be
  missing      nothing is found
  wrong place  found, but not where the carets are
  wrong text   found there, but the message has other words
  unmended     the fix was not applied, or the finding survives it
  wrong fix    the fix gives another text than `after`
  not at rest  the fix finds more to do in its own work

Exit codes:
  0  every example holds
  1  some do not
  2  a page cannot be used, or there is none")]
pub(crate) struct TestArguments {
    /// Pages, and folders of them; by default `nbfix-rules/` and what `nbfix.toml` names.
    #[arg(value_name = "PATHS")]
    pub(crate) paths: Vec<PathBuf>,
    /// Write the carets and the `after` texts that the rule asks for into the pages.
    #[arg(long)]
    pub(crate) bless: bool,
    #[command(flatten)]
    pub(crate) pages: PageArguments,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nbfix schema > nbfix-rules/page.schema.json
  nbfix schema config > nbfix.schema.json

A page that begins with the line `#:schema page.schema.json` is then completed and checked by editors that know TOML
(Even Better TOML, taplo); so is an `nbfix.toml` that begins with `#:schema nbfix.schema.json`.")]
pub(crate) struct SchemaArguments {
    /// `page` is the form of a rule's page, `config` that of `nbfix.toml`.
    #[arg(value_enum, default_value_t = SchemaOf::Page)]
    pub(crate) of: SchemaOf,
}

/// What there are schemas of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    Page,
    Config,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nbfix docs --out target/docs

The site is plain files: it needs no server. `index.html` is where to begin.

Exit codes:
  0  it was written
  2  it could not be")]
pub(crate) struct DocsArguments {
    /// The folder that it is written to.
    #[arg(long, value_name = "DIR", default_value = "nbfix-docs")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) pages: PageArguments,
}

impl TestArguments {
    /// What the project says of its pages.
    pub(crate) fn config(&self) -> &ConfigArguments {
        &self.pages.config
    }
}
