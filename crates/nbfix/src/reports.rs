//! Findings in several formats at once: what is rendered for each document, and what stands around all of them.
//!
//! A document is rendered by the thread that worked on it, and written at once; no more than one is held. What a page
//! says at its head is known only at the end: its documents wait in a file that has no name.

use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use nbfix_lint::{Page, Rule};
use nbfix_report::{
    Document, JUNIT_CLOSE, JUNIT_OPEN, JsonArray, MARKDOWN_LIMIT, SARIF_OPEN, Style, Totals,
    concise, full, github, gitlab, html, html_close, html_open, json_lines, junit, markdown,
    markdown_close, markdown_open, sarif, sarif_close,
};
use tempfile::NamedTempFile;

use crate::arguments::{ReportArguments, ReportFormat};
use crate::terminal::{Terminal, reason};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// One document in one format, without what stands around all of them; empty if there is nothing to say.
pub(crate) fn render(document: &Document<'_>, format: ReportFormat, style: &Style) -> Vec<u8> {
    let mut out = Vec::new();
    // Writing to memory does not fail.
    let _ = match format {
        ReportFormat::Full => full(&mut out, document, style),
        ReportFormat::Concise => concise(&mut out, document, style),
        ReportFormat::Json => {
            let mut array = JsonArray::new(&mut out);
            let _ = array.add(document);
            array.finish().map(|_| ())
        }
        ReportFormat::Jsonl => json_lines(&mut out, document),
        ReportFormat::Github => github(&mut out, document),
        ReportFormat::Gitlab => gitlab(&mut out, document),
        ReportFormat::Sarif => sarif(&mut out, document),
        ReportFormat::Junit => junit(&mut out, document),
        ReportFormat::Markdown => markdown(&mut out, document),
        ReportFormat::Html => html(&mut out, document),
    };
    if format == ReportFormat::Json {
        let inner = out.strip_prefix(b"[\n");
        let inner = inner.and_then(|rest| rest.strip_suffix(b"\n]\n"));
        return inner.map_or_else(Vec::new, <[u8]>::to_vec);
    }
    out
}

/// What stands before the first document, and between two of them.
fn around(format: ReportFormat) -> (&'static str, &'static str) {
    match format {
        ReportFormat::Json | ReportFormat::Gitlab => ("[\n", ",\n"),
        ReportFormat::Sarif => (SARIF_OPEN, ",\n"),
        ReportFormat::Junit => (JUNIT_OPEN, ""),
        _ => ("", ""),
    }
}

/// What stands behind the last one; in an array that has no element it is all.
fn close(format: ReportFormat, totals: &Totals, left_out: usize) -> String {
    match format {
        ReportFormat::Json | ReportFormat::Gitlab => "\n]\n".to_owned(),
        ReportFormat::Sarif => sarif_close(totals, VERSION, why),
        ReportFormat::Junit => JUNIT_CLOSE.to_owned(),
        ReportFormat::Markdown => markdown_close(left_out),
        ReportFormat::Html => html_close(VERSION),
        _ => String::new(),
    }
}

/// What stands before the documents and is known only at the end.
fn head(format: ReportFormat, totals: &Totals) -> Option<String> {
    match format {
        ReportFormat::Markdown => Some(markdown_open(totals)),
        ReportFormat::Html => Some(html_open(totals)),
        _ => None,
    }
}

/// The reasons that a rule's page gives.
fn why(rule: &Rule) -> Option<String> {
    Page::parse(rule.page).ok().map(|page| page.why)
}

/// Where one format goes.
enum Target<'a> {
    Stdout(&'a Terminal),
    /// Where the document itself goes to stdout.
    Stderr(&'a Terminal),
    /// A file that takes the name at the end, so that nobody ever finds half of it.
    Beside(BufWriter<NamedTempFile>, PathBuf),
    /// What is no file: a pipe, a device.
    Into(File),
}

impl Target<'_> {
    fn open(path: &Path) -> anyhow::Result<Self> {
        if path.exists() && !path.is_file() {
            return Ok(Self::Into(File::options().write(true).open(path)?));
        }
        // A link stays one.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
        let mut builder = tempfile::Builder::new();
        builder.prefix(".nbfix-").suffix(".tmp");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // As much as the umask allows, as for every new file.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let file = builder.tempfile_in(folder.unwrap_or(Path::new(".")))?;
        Ok(Self::Beside(BufWriter::new(file), path))
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Stdout(terminal) => terminal.print(bytes),
            Self::Stderr(terminal) => {
                terminal.note(bytes);
                Ok(())
            }
            Self::Beside(file, _) => file.write_all(bytes),
            Self::Into(file) => file.write_all(bytes),
        }
    }

    fn finish(self) -> io::Result<()> {
        if let Self::Beside(file, path) = self {
            let file = file.into_inner().map_err(|error| error.into_error())?;
            file.persist(path).map_err(|error| error.error)?;
        }
        Ok(())
    }
}

/// One format, while documents come.
struct Sink<'a> {
    format: ReportFormat,
    target: Target<'a>,
    /// The documents, where the head is not known yet.
    waiting: Option<File>,
    /// Whether a document stands there.
    begun: bool,
    /// Bytes of documents.
    size: usize,
    /// Documents for which there was no room.
    left_out: usize,
}

impl<'a> Sink<'a> {
    fn new(format: ReportFormat, target: Target<'a>) -> io::Result<Self> {
        let waits = head(format, &Totals::default()).is_some();
        Ok(Self {
            format,
            target,
            waiting: waits.then(tempfile::tempfile).transpose()?,
            begun: false,
            size: 0,
            left_out: 0,
        })
    }

    fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        if self.format == ReportFormat::Markdown && self.size + bytes.len() > MARKDOWN_LIMIT {
            self.left_out += 1;
            return Ok(());
        }
        self.size += bytes.len();
        if let Some(waiting) = &mut self.waiting {
            return waiting.write_all(bytes);
        }
        let (open, between) = around(self.format);
        let before = if self.begun { between } else { open };
        self.begun = true;
        self.target.write(before.as_bytes())?;
        self.target.write(bytes)
    }

    fn finish(mut self, totals: &Totals) -> io::Result<()> {
        if let Some(mut waiting) = self.waiting.take() {
            let head = head(self.format, totals).unwrap_or_default();
            self.target.write(head.as_bytes())?;
            waiting.rewind()?;
            let mut piece = vec![0; 1 << 16];
            loop {
                match io::Read::read(&mut waiting, &mut piece)? {
                    0 => break,
                    count => self.target.write(&piece[..count])?,
                }
            }
        }
        let is_array = matches!(self.format, ReportFormat::Json | ReportFormat::Gitlab);
        let end = match (self.begun, is_array) {
            (false, true) => "[]\n".to_owned(),
            (false, false) => {
                let open = around(self.format).0.to_owned();
                open + &close(self.format, totals, self.left_out)
            }
            (true, _) => close(self.format, totals, self.left_out),
        };
        self.target.write(end.as_bytes())?;
        self.target.finish()
    }
}

/// All formats of a run.
pub(crate) struct Reports<'a> {
    sinks: Vec<(String, Sink<'a>)>,
    totals: Totals,
}

impl<'a> Reports<'a> {
    /// Opens the files. With `to_stdout`, the first format is for stdout; with `aside`, for stderr instead.
    pub(crate) fn open(
        arguments: &ReportArguments,
        to_stdout: bool,
        aside: bool,
        terminal: &'a Terminal,
    ) -> anyhow::Result<Self> {
        let mut sinks = Vec::new();
        if to_stdout {
            let target = match aside {
                true => Target::Stderr(terminal),
                false => Target::Stdout(terminal),
            };
            let sink = Sink::new(arguments.output_format, target)?;
            sinks.push(("stdout".to_owned(), sink));
        }
        for output in &arguments.output {
            let name = output.path.display().to_string();
            if sinks.iter().any(|(other, _)| *other == name) {
                bail!("`--output` names {name} twice");
            }
            let target = Target::open(&output.path)
                .map_err(|error| match error.downcast_ref::<io::Error>() {
                    Some(error) => anyhow::anyhow!("{}", reason(error)),
                    None => error,
                })
                .with_context(|| format!("{name} cannot be written"))?;
            sinks.push((name, Sink::new(output.format, target)?));
        }
        Ok(Self {
            sinks,
            totals: Totals::default(),
        })
    }

    /// The formats in which each document is to be rendered, in their order.
    pub(crate) fn formats(&self) -> Vec<ReportFormat> {
        self.sinks.iter().map(|(_, sink)| sink.format).collect()
    }

    /// Takes one document, rendered in all formats.
    pub(crate) fn add(&mut self, rendered: &[Vec<u8>], totals: Option<&Totals>) -> io::Result<()> {
        if let Some(totals) = totals {
            self.totals.add(totals.clone());
        }
        for ((name, sink), bytes) in self.sinks.iter_mut().zip(rendered) {
            sink.add(bytes).map_err(|error| told(name, error))?;
        }
        Ok(())
    }

    /// Writes what stands behind the documents, and gives the files their names.
    pub(crate) fn finish(self) -> io::Result<()> {
        for (name, sink) in self.sinks {
            sink.finish(&self.totals)
                .map_err(|error| told(&name, error))?;
        }
        Ok(())
    }
}

/// An error with the name of the file; one of stdout stays as it is, for a pipe that is closed is none.
fn told(name: &str, error: io::Error) -> io::Error {
    match name {
        "stdout" => error,
        _ => io::Error::new(error.kind(), format!("{name}: {}", reason(&error))),
    }
}
