//! How findings are told, and where.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// How findings are told, and where.
#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// `full` shows the source around each finding, `concise` is one line each; `json`, `jsonl` and `sarif` are for
    /// programs, `github`, `gitlab` and `junit` for build servers, `markdown` for a comment of a pull request, `html` is
    /// one page to browse.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = ReportFormat::Full)]
    #[arg(
        help_heading = "Output",
        env = "NBFIX_OUTPUT_FORMAT",
        hide_env_values = true
    )]
    pub(crate) output_format: ReportFormat,
    /// Write the findings to a file, too, as in `sarif=out.sarif`; may be repeated.
    #[arg(long, value_name = "FORMAT=FILE", value_parser = parse_output, help_heading = "Output")]
    pub(crate) output: Vec<OutputFile>,
}

/// A format, and the file that gets it.
#[derive(Clone, Debug)]
pub(crate) struct OutputFile {
    pub(crate) format: ReportFormat,
    pub(crate) path: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    Full,
    Concise,
    Json,
    Jsonl,
    Github,
    Gitlab,
    Sarif,
    Junit,
    Markdown,
    Html,
}

impl ReportFormat {
    /// Whether nothing but findings may stand there.
    pub(crate) fn is_for_programs(self) -> bool {
        !matches!(self, Self::Full | Self::Concise | Self::Github)
    }
}

fn parse_output(text: &str) -> Result<OutputFile, String> {
    let (format, path) = text
        .split_once('=')
        .ok_or("a format and a file are needed, as in `sarif=out.sarif`")?;
    if path.is_empty() {
        return Err(format!("`{format}=` names no file"));
    }
    let format = ReportFormat::from_str(format, false).map_err(|_| {
        let values = ReportFormat::value_variants().iter();
        let names: Vec<String> = values
            .filter_map(|value| Some(value.to_possible_value()?.get_name().to_owned()))
            .collect();
        format!(
            "there is no format `{format}`; there are {}",
            names.join(", ")
        )
    })?;
    Ok(OutputFile {
        format,
        path: path.into(),
    })
}
