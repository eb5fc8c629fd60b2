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
        if row.needs.is_empty() || row.needs.iter().any(|word| word.len() < 3) {
            return Err(format!(
                "{}: `needs` asks for words of three letters or more",
                row.id
            ));
        }
        let _ = writeln!(
            code,
            "Shape {{ id: {}, name: {}, regex: {}, needs: Cow::Borrowed(&[{}]), revoke: {}, source: {}, as_of: {}, \
             env: {}, entropy: {:?}, digits: {} }},",
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
            row.digits
        );
    }
    code.push_str("];\n");
    let out = PathBuf::from(env::var("OUT_DIR").map_err(|error| error.to_string())?);
    fs::write(out.join("shapes.rs"), code).map_err(|error| error.to_string())
}

fn quoted(text: &str) -> String {
    format!("Cow::Borrowed({text:?})")
}
