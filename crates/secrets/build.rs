//! Makes a static table of `rules/data/secrets.toml`, so that a run reads no TOML for it.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs, process};

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    documented: Vec<String>,
    shape: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    name: String,
    regex: String,
    needs: Vec<String>,
    revoke: String,
    source: String,
    as_of: String,
    #[serde(default)]
    env: Option<String>,
    #[serde(default = "entropy")]
    entropy: f64,
    #[serde(default = "yes")]
    digits: bool,
    /// Which statement of others about the shape it was compared with, and when; nobody reads it at run time.
    #[serde(default)]
    checked: Option<String>,
}

/// How many bytes a match has at least, if it starts with one of the words that the shape needs, and nothing but the match
/// is the secret; else 0.
fn starts(row: &Row) -> Result<usize, String> {
    let parsed = regex_syntax::ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .build()
        .parse(&row.regex);
    let hir = parsed.map_err(|error| format!("{}: {error}", row.id))?;
    let prefixes = regex_syntax::hir::literal::Extractor::new().extract(&hir);
    let is_word = |literal: &regex_syntax::hir::literal::Literal| {
        let literal = literal.as_bytes();
        row.needs
            .iter()
            .any(|word| literal.starts_with(word.as_bytes()))
    };
    let literals = prefixes.literals().unwrap_or_default();
    let is_start = !literals.is_empty() && literals.iter().all(is_word);
    let is_whole = hir.properties().explicit_captures_len() == 0;
    let least = hir.properties().minimum_len().unwrap_or_default();
    Ok(if is_start && is_whole { least } else { 0 })
}

fn entropy() -> f64 {
    3.0
}

fn yes() -> bool {
    true
}

fn main() {
    if let Err(message) = run() {
        eprintln!("{message}");
        process::exit(1);
    }
}

fn run() -> Result<(), String> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(|error| error.to_string())?);
    let path = root.join("../../rules/data/secrets.toml");
    println!("cargo::rerun-if-changed={}", path.display());
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let table: Table =
        toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut code = format!(
        "static DOCUMENTED: &[&str] = &{:?};\nstatic SHAPES: &[Shape] = &[\n",
        table.documented
    );
    for row in &table.shape {
        if row.checked.as_ref().is_some_and(String::is_empty) {
            return Err(format!("{}: `checked` says by what, and when", row.id));
        }
        if row.needs.is_empty() || row.needs.iter().any(|word| word.len() < 3) {
            return Err(format!(
                "{}: `needs` asks for words of three letters or more",
                row.id
            ));
        }
        let _ = writeln!(
            code,
            "Shape {{ id: {}, name: {}, regex: {}, needs: Cow::Borrowed(&[{}]), revoke: {}, source: {}, as_of: {}, \
             env: {}, entropy: {:?}, digits: {}, starts: {} }},",
            quoted(&row.id),
            quoted(&row.name),
            quoted(&row.regex),
            row.needs
                .iter()
                .map(|word| quoted(word))
                .collect::<Vec<_>>()
                .join(", "),
            quoted(&row.revoke),
            quoted(&row.source),
            quoted(&row.as_of),
            row.env
                .as_ref()
                .map_or("None".to_owned(), |env| format!("Some({})", quoted(env))),
            row.entropy,
            row.digits,
            starts(row)?
        );
    }
    code.push_str("];\n");
    let out = PathBuf::from(env::var("OUT_DIR").map_err(|error| error.to_string())?);
    fs::write(out.join("shapes.rs"), code).map_err(|error| error.to_string())
}

fn quoted(text: &str) -> String {
    format!("Cow::Borrowed({text:?})")
}
