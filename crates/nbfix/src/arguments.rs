//! What the command line says.

mod batch;
mod config;
mod living;
mod outputs;
mod pages;
mod reports;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use nbfix_lint::{Level, Safety};

pub(crate) use batch::{
    BatchArguments, CompletionsArguments, JournalArguments, ManArguments, UndoArguments,
};
pub(crate) use config::ConfigCommandArguments;
pub(crate) use living::{
    AllowArguments, AllowAs, BaselineArguments, BaselineCommand, BaselineWriteArguments,
};
pub(crate) use outputs::{ClearArguments, ClearOutputs};
pub(crate) use pages::{
    DocsArguments, MatchArguments, NewRuleArguments, SchemaArguments, SchemaOf, TestArguments,
};
pub(crate) use reports::{ReportArguments, ReportFormat};

/// Makes Jupyter notebooks run for the next person.
///
/// Finds what breaks cloud and AI notebooks, and the function apps beside them, on somebody else's machine, and
/// mends it without touching one byte that the repair does not need.
#[derive(Debug, Parser)]
#[command(
    name = "nbfix",
    version,
    max_term_width = 100,
    disable_help_subcommand = true,
    after_help = "Examples:
  nbfix check                     look at every notebook in and below this folder
  nbfix diff demo.ipynb           see what would be mended
  nbfix fix demo.ipynb            mend what can be mended safely
  nbfix undo                      take that back
  nbfix explain asyncio-run       read what a rule is about
  nbfix new-rule retired-client   begin a rule of your own; `nbfix test` tries it

Exit codes:
  0  nothing found at or above `--fail-on`
  1  something found
  2  a wrong argument, a file that cannot be read or written, or a bug of nbfix"
)]
pub(crate) struct Arguments {
    /// Colours; `auto` follows the terminal, NO_COLOR and CLICOLOR_FORCE.
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    #[arg(help_heading = "Output")]
    pub(crate) color: Color,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Tell what is wrong.
    Check(CheckArguments),
    /// Mend what can be mended.
    Fix(FixArguments),
    /// Take back what the last run changed.
    Undo(UndoArguments),
    /// Show what `fix` would do.
    Diff(DiffArguments),
    /// Write down what is found, so that `check` tells only what is new.
    Baseline(BaselineArguments),
    /// Write down that findings are meant to stay: as comments or tags.
    Allow(AllowArguments),
    /// Print the page of a rule: what, why, fix and examples.
    #[command(visible_alias = "rule")]
    Explain(ExplainArguments),
    /// Print the functions that Azure Functions would find in a function app, or why it would find none.
    Functions(FunctionsArguments),
    /// List the rules.
    Rules(RulesArguments),
    /// Search for a pattern, and rewrite what it matches.
    Match(MatchArguments),
    /// Begin a rule of your own: a page that works, to be edited.
    NewRule(NewRuleArguments),
    /// Try the examples of pages: do the rules find and mend what they promise?
    Test(TestArguments),
    /// Show which configuration is in force, and where each value comes from.
    Config(ConfigCommandArguments),
    /// Print the JSON schema of pages, or of the configuration, for editors.
    Schema(SchemaArguments),
    /// Write the pages of all rules as a site to browse.
    Docs(DocsArguments),
    /// Print what completes commands and options in a shell.
    Completions(CompletionsArguments),
    /// Print the manual page.
    Man(ManArguments),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nbfix check notebooks/ demo.ipynb
  nbfix check --select broken,leak --ignore asyncio-run
  nbfix check --output-format json > findings.json
  nbfix check --output sarif=out.sarif --output html=report.html
  nbfix check --fix --show-fixes notebooks/
  nbfix check --statistics
  nbfix check --changed-since origin/main
  git show HEAD:demo.ipynb | nbfix check - --stdin-filename demo.ipynb

Exit codes:
  0  no finding at or above `--fail-on`
  1  findings at or above `--fail-on`
  2  a wrong argument, a file that cannot be read, or a bug of nbfix")]
pub(crate) struct CheckArguments {
    #[command(flatten)]
    pub(crate) files: FileArguments,
    #[command(flatten)]
    pub(crate) rules: RuleArguments,
    #[command(flatten)]
    pub(crate) failing: FailArguments,
    #[command(flatten)]
    pub(crate) report: ReportArguments,
    /// Tell only how often each rule found something.
    #[arg(long, help_heading = "Output")]
    pub(crate) statistics: bool,
    /// Tell only which files would be looked at.
    #[arg(long, help_heading = "Output")]
    pub(crate) show_files: bool,
    #[command(flatten)]
    pub(crate) telling: TellArguments,
    #[command(flatten)]
    pub(crate) mending: MendArguments,
    #[command(flatten)]
    pub(crate) safety: SafetyArguments,
    #[command(flatten)]
    pub(crate) filter: FilterArguments,
}

/// Mending while checking.
#[derive(Debug, Args)]
pub(crate) struct MendArguments {
    /// Apply the fixes first, and tell what is left; `nbfix fix` tells what was done.
    #[arg(long, help_heading = "Fixes")]
    pub(crate) fix: bool,
    /// Show the difference that the fixes would make; the same as `nbfix diff`.
    #[arg(long, help_heading = "Fixes", conflicts_with = "fix")]
    pub(crate) diff: bool,
    /// With `--diff`: write secrets as they are, so that the diff applies; otherwise they are masked.
    #[arg(long, help_heading = "Fixes", requires = "diff")]
    pub(crate) show_secrets: bool,
    /// Tell the fixes that were applied, too.
    #[arg(long, help_heading = "Fixes")]
    pub(crate) show_fixes: bool,
    /// Exit with 1 if something was mended, even if nothing is left.
    #[arg(long, help_heading = "Fixes")]
    pub(crate) exit_non_zero_on_fix: bool,
    #[command(flatten)]
    pub(crate) journal: JournalArguments,
}

/// Which findings.
#[derive(Debug, Args)]
pub(crate) struct FilterArguments {
    /// Findings that are known and not told; by default `nbfix-baseline.json` of the project, if there is one.
    #[arg(long, value_name = "FILE", help_heading = "Findings")]
    pub(crate) baseline: Option<PathBuf>,
    /// Tell what the baseline knows, too.
    #[arg(long, help_heading = "Findings", conflicts_with = "baseline")]
    pub(crate) no_baseline: bool,
    /// Only findings in cells whose source has changed since this revision (of git, which is asked); of files that are
    /// new since then, all.
    #[arg(long, value_name = "REV", help_heading = "Findings", conflicts_with_all = ["fix", "diff"])]
    pub(crate) changed_since: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nbfix fix notebooks/
  nbfix fix --unsafe --select asyncio-run demo.ipynb
  nbfix fix --unsafe --clear-outputs changed demo.ipynb
  nbfix fix --interactive demo.ipynb
  nbfix fix --unsafe --patch mended.patch --report mended.json course/ labs/
  nbfix fix - < broken.ipynb > mended.ipynb

A file is replaced as a whole or not at all; a file without anything to mend is not written.
`nbfix undo` takes the run back, byte for byte, even if it was interrupted; the same command again
goes on with it.

Exit codes:
  0  no finding at or above `--fail-on` remains
  1  findings at or above `--fail-on` remain
  2  a wrong argument, a file that cannot be read or written, or a bug of nbfix")]
pub(crate) struct FixArguments {
    #[command(flatten)]
    pub(crate) files: FileArguments,
    #[command(flatten)]
    pub(crate) rules: RuleArguments,
    #[command(flatten)]
    pub(crate) safety: SafetyArguments,
    #[command(flatten)]
    pub(crate) clear: ClearArguments,
    #[command(flatten)]
    pub(crate) batch: BatchArguments,
    /// Exit with 1 if something was mended, even if nothing is left.
    #[arg(long, help_heading = "Output")]
    pub(crate) exit_non_zero_on_fix: bool,
    /// The same as `nbfix diff`, where many look for it.
    #[arg(long, hide = true, conflicts_with_all = ["interactive", "patch", "report"])]
    pub(crate) diff: bool,
    /// With `--diff`: write secrets as they are, so that the diff applies; otherwise they are masked.
    #[arg(long, hide = true, requires = "diff")]
    pub(crate) show_secrets: bool,
    #[command(flatten)]
    pub(crate) failing: FailArguments,
    #[command(flatten)]
    pub(crate) telling: TellArguments,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nbfix diff notebooks/ | git apply
  nbfix diff --unsafe --cells demo.ipynb

Paths in the diff are relative to this folder, with forward slashes.

Exit codes:
  0  there is nothing to mend
  1  there is a difference
  2  a wrong argument, a file that cannot be read, or a bug of nbfix")]
pub(crate) struct DiffArguments {
    #[command(flatten)]
    pub(crate) files: FileArguments,
    #[command(flatten)]
    pub(crate) rules: RuleArguments,
    #[command(flatten)]
    pub(crate) safety: SafetyArguments,
    #[command(flatten)]
    pub(crate) clear: ClearArguments,
    /// Show the sources of the cells, for reading; not for `git apply`.
    #[arg(long, help_heading = "Output")]
    pub(crate) cells: bool,
    /// Write secrets as they are, so that the diff applies; otherwise they are masked.
    #[arg(long, help_heading = "Output")]
    pub(crate) show_secrets: bool,
    /// Exit with 0 even if there is a difference.
    #[arg(long, help_heading = "Output")]
    pub(crate) exit_zero: bool,
    #[command(flatten)]
    pub(crate) telling: TellArguments,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nbfix explain asyncio-run

Exit codes:
  0  the page was printed
  2  there is no such rule")]
pub(crate) struct ExplainArguments {
    /// The name of a rule; `nbfix rules` lists them.
    pub(crate) rule: String,
    #[command(flatten)]
    pub(crate) pages: PageArguments,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nbfix functions
  nbfix functions api/ --output-format json
  nbfix functions demo.ipynb

A function app is a folder with a `host.json` and a `function_app.py`, or what cells write with `%%writefile`.
Nothing is run, and no package has to be installed.

Exit codes:
  0  every function app has functions
  1  one of them has none
  2  a wrong argument, or a file that cannot be read")]
pub(crate) struct FunctionsArguments {
    /// A folder that holds function apps, a `function_app.py`, or a notebook.
    #[arg(default_value = ".", value_name = "PATH")]
    pub(crate) path: PathBuf,
    /// `json` is one array for programs.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = IndexFormat::Text)]
    #[arg(help_heading = "Output")]
    pub(crate) output_format: IndexFormat,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nbfix rules
  nbfix rules --output-format json")]
pub(crate) struct RulesArguments {
    /// `text` and `markdown` are a table; `json` holds the whole pages.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = TableFormat::Text)]
    #[arg(help_heading = "Output")]
    pub(crate) output_format: TableFormat,
    #[command(flatten)]
    pub(crate) pages: PageArguments,
}

/// Which files.
#[derive(Clone, Debug, Args)]
pub(crate) struct FileArguments {
    /// Notebooks, Python files of function apps, and folders of them; `-` is a notebook on stdin.
    #[arg(default_value = ".", value_name = "PATHS")]
    pub(crate) paths: Vec<PathBuf>,
    /// The name of what stands on stdin.
    #[arg(long, value_name = "NAME", help_heading = "Files")]
    pub(crate) stdin_filename: Option<PathBuf>,
    /// Look at files that `.gitignore` and `.ignore` exclude, too.
    #[arg(long, help_heading = "Files")]
    pub(crate) no_respect_gitignore: bool,
    /// Leave out what the configuration excludes even if it is named here, as hooks name files.
    #[arg(long, help_heading = "Files")]
    pub(crate) force_exclude: bool,
    /// How many files are worked on at once; by default as many as there are processors.
    #[arg(long, value_name = "N", help_heading = "Files")]
    pub(crate) jobs: Option<NonZeroUsize>,
}

/// Pages of one's own.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct PageArguments {
    /// A folder of pages of your own, or one page, besides those that `nbfix.toml` names; may be repeated.
    #[arg(long, value_name = "DIR", help_heading = "Rules")]
    pub(crate) rules: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) config: ConfigArguments,
}

/// What the project says.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ConfigArguments {
    /// The configuration for all files, in place of the nearest `nbfix.toml`, or `pyproject.toml` with
    /// `[tool.nbfix]`, in or above the folder of each.
    #[arg(long, value_name = "FILE", help_heading = "Rules")]
    #[arg(env = "NBFIX_CONFIG", hide_env_values = true)]
    pub(crate) config: Option<PathBuf>,
    /// Read no configuration, not even one that is named.
    #[arg(long, help_heading = "Rules")]
    pub(crate) isolated: bool,
}

/// Which rules. A rule's own name outweighs its group, and its group outweighs `ALL`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct RuleArguments {
    /// Rules or groups to run, in place of the default ones; `ALL` for all [env: NBFIX_SELECT].
    #[arg(
        long,
        value_name = "RULES",
        value_delimiter = ',',
        help_heading = "Rules"
    )]
    pub(crate) select: Vec<String>,
    /// Rules or groups to run besides those that would run anyway [env: NBFIX_EXTEND_SELECT].
    #[arg(
        long,
        value_name = "RULES",
        value_delimiter = ',',
        help_heading = "Rules"
    )]
    pub(crate) extend_select: Vec<String>,
    /// Rules or groups not to run [env: NBFIX_IGNORE].
    #[arg(
        long,
        value_name = "RULES",
        value_delimiter = ',',
        help_heading = "Rules"
    )]
    pub(crate) ignore: Vec<String>,
    /// The day on which models count as shut down, as in 2027-01-31, for runs that can be repeated; today if nobody
    /// says otherwise [env: NBFIX_TODAY].
    #[arg(long, value_name = "DATE", help_heading = "Rules")]
    pub(crate) today: Option<nbfix_rules::Date>,
    #[command(flatten)]
    pub(crate) pages: PageArguments,
}

/// What makes a run fail.
#[derive(Debug, Args)]
pub(crate) struct FailArguments {
    /// The lowest level of a finding that makes the exit code 1; `warning` if nobody says otherwise
    /// [env: NBFIX_FAIL_ON].
    #[arg(long, value_enum, value_name = "LEVEL", help_heading = "Output")]
    pub(crate) fail_on: Option<FailOn>,
    /// Exit with 0 even if there are findings.
    #[arg(long, help_heading = "Output")]
    pub(crate) exit_zero: bool,
}

/// Which fixes.
#[derive(Clone, Debug, Args)]
pub(crate) struct SafetyArguments {
    /// Apply unsafe fixes, too: the notebook may run differently.
    #[arg(
        long = "unsafe",
        visible_alias = "unsafe-fixes",
        help_heading = "Fixes"
    )]
    pub(crate) not_safe: bool,
}

/// What else is told.
#[derive(Clone, Debug, Args)]
pub(crate) struct TellArguments {
    /// No summary, no progress (NBFIX_NO_PROGRESS leaves out the progress only).
    #[arg(long, short, help_heading = "Output")]
    pub(crate) quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    Note,
    Warning,
    Error,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    Full,
    Concise,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum IndexFormat {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TableFormat {
    Text,
    Json,
    Markdown,
}

impl OutputFormat {
    pub(crate) fn as_report(self) -> ReportFormat {
        match self {
            OutputFormat::Full => ReportFormat::Full,
            OutputFormat::Concise => ReportFormat::Concise,
            OutputFormat::Json => ReportFormat::Json,
        }
    }
}

impl FileArguments {
    /// Whether the document stands on stdin.
    pub(crate) fn is_stdin(&self) -> bool {
        self.paths.iter().any(|path| path == Path::new("-"))
    }
}

impl FailOn {
    /// Whether a finding of this level makes the run fail.
    pub(crate) fn fails(self, level: Level) -> bool {
        match self {
            FailOn::Note => level >= Level::Note,
            FailOn::Warning => level >= Level::Warning,
            FailOn::Error => level >= Level::Error,
            FailOn::Never => false,
        }
    }
}

impl SafetyArguments {
    /// The lowest promise that a fix has to give.
    pub(crate) fn least(&self) -> Safety {
        if self.not_safe {
            Safety::Unsafe
        } else {
            Safety::Safe
        }
    }
}
