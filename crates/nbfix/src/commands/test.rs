//! `nbfix test`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::bail;
use nbfix_rules::{Failure, Proof, Texts, Word, prove};
use similar::{ChangeTag, TextDiff};

use crate::arguments::TestArguments;
use crate::bless::bless;
use crate::inputs::shown;
use crate::journal::Journal;
use crate::outcome::{Exit, count};
use crate::project::config_here;
use crate::rulebook::{any_rule, name_of, page_files, read_page};
use crate::terminal::{BAD, GOOD, NAME, Terminal, visible};
use crate::write::replace;

/// Where pages are if nobody says otherwise.
const FOLDER: &str = "nbfix-rules";

/// Tries the examples of pages.
pub(crate) fn test(arguments: &TestArguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    let mut bad = Vec::new();
    let files = page_files(places(arguments)?.iter(), &mut bad);
    if files.is_empty() && bad.is_empty() {
        bail!("there are no pages to test; `nbfix new-rule NAME` begins one");
    }
    let (mut examples, mut failed, mut blessed) = (0, 0, 0);
    for path in &files {
        let done = prove_page(path, arguments.bless, &mut blessed);
        match done {
            Ok(proof) => {
                examples += proof.examples;
                failed += proof.failures.len();
                terminal.print(told(&name_of(path), &proof, terminal).as_bytes())?;
            }
            Err(error) => bad.push(error),
        }
    }
    for error in &bad {
        terminal.error(error);
    }
    let mut sums = Vec::new();
    if failed > 0 {
        sums.push(format!("{failed} failed"));
    }
    if !bad.is_empty() {
        let pages = count(bad.len(), "page", "pages");
        sums.push(format!("{pages} cannot be used"));
    }
    if sums.is_empty() {
        sums.push("all hold".to_owned());
    }
    let pages = count(files.len(), "page", "pages");
    let examples = count(examples, "example", "examples");
    let mut sum = format!("\n{pages}, {examples}: {}", sums.join(", "));
    if arguments.bless {
        let _ = write!(sum, "; {} blessed", count(blessed, "page", "pages"));
    }
    terminal.print(format!("{sum}\n").as_bytes())?;
    Ok(match (bad.is_empty(), failed) {
        (false, _) => Exit::Trouble,
        (true, 0) => Exit::Clean,
        (true, _) => Exit::Findings,
    })
}

/// The paths that are named; else the usual folder, and what the project says.
fn places(arguments: &TestArguments) -> anyhow::Result<Vec<PathBuf>> {
    if !arguments.paths.is_empty() {
        return Ok(arguments.paths.clone());
    }
    let usual = Some(PathBuf::from(FOLDER)).filter(|path| path.is_dir());
    let config = config_here(arguments.config())?;
    let configured = config.rules.into_iter().map(|said| said.value);
    let rules = arguments.pages.rules.iter().cloned();
    Ok(usual.into_iter().chain(configured).chain(rules).collect())
}

fn prove_page(path: &Path, blessing: bool, blessed: &mut usize) -> Result<Proof, String> {
    let text = read_page(path)?;
    if !blessing {
        return Ok(prove(any_rule(path, &text)?));
    }
    let better = bless(&text, |text| any_rule(path, text));
    let proof = prove(any_rule(path, &better)?);
    if better != text {
        replace(path, text.as_bytes(), better.as_bytes(), &Journal::off())
            .map_err(|error| format!("{}: not written: {error:#}", shown(path)))?;
        *blessed += 1;
    }
    Ok(proof)
}

fn told(name: &str, proof: &Proof, terminal: &Terminal) -> String {
    let examples = count(proof.examples, "example", "examples");
    let name = terminal.paint(NAME, name);
    if proof.failures.is_empty() {
        return format!("{}      {name} ({examples})\n", terminal.paint(GOOD, "ok"));
    }
    let failed = proof.failures.len();
    let mut out = format!(
        "{}  {name} ({examples}, {failed} failed)\n",
        terminal.paint(BAD, "FAILED")
    );
    for failure in &proof.failures {
        out.push('\n');
        out.push_str(&one(failure, terminal));
    }
    out
}

fn one(failure: &Failure, terminal: &Terminal) -> String {
    let mut out = String::new();
    let word = terminal.paint(BAD, failure.word);
    let _ = writeln!(out, "  {}", visible(&failure.example));
    let _ = writeln!(out, "  {word}: {}", visible(&failure.why));
    let Some(texts) = &failure.texts else {
        return out;
    };
    let legend = match failure.word {
        Word::NotAtRest => "`-` once mended, `+` mended again",
        _ => "`-` the page, `+` what came",
    };
    let _ = writeln!(out, "  {legend}\n\n{}", difference(texts, terminal));
    if failure.blessing().is_some() {
        let _ = writeln!(
            out,
            "  If it should be so, `nbfix test --bless` writes it into the page."
        );
    }
    out
}

fn difference(texts: &Texts, terminal: &Terminal) -> String {
    let (wanted, got) = (ended(&texts.wanted), ended(&texts.got));
    let diff = TextDiff::from_lines(&wanted, &got);
    let mut out = String::new();
    for change in diff.iter_all_changes() {
        let (sign, style) = match change.tag() {
            ChangeTag::Equal => (' ', anstyle::Style::new()),
            ChangeTag::Delete => ('-', BAD),
            ChangeTag::Insert => ('+', GOOD),
        };
        let line = visible(change.value());
        let line = format!("{sign} {}", line.trim_end_matches(['\r', '\n']));
        let _ = writeln!(out, "    {}", terminal.paint(style, line.trim_end()));
    }
    out
}

/// A text whose last line ends; one that only does not is no difference.
fn ended(text: &str) -> String {
    let text = text.trim_start_matches('\n').trim_end_matches('\n');
    format!("{text}\n").replace("\r\n", "\n")
}
