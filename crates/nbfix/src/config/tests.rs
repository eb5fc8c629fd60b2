//! What the reader takes, and what it says about the rest.
#![allow(clippy::unwrap_used)]

use serde_json::Value;

use super::*;
use crate::schema::CONFIG;

fn parse(text: &str) -> String {
    match Config::parse(Path::new("a/nbfix.toml"), text.to_owned()) {
        Ok((config, _)) => format!("{:?}", config.rules),
        Err(error) => error.to_string(),
    }
}

#[test]
fn it_may_say_nothing() {
    assert_eq!(parse(""), "[]");
    assert_eq!(parse("[rules]\n"), "[]");
}

#[test]
fn rows_of_models_stand_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let read = |rows: &str| {
        fs::write(folder.path().join("models.csv"), rows).unwrap();
        let text = "[models]\nextra = 'models.csv'\n".to_owned();
        let config = Config::parse(&folder.path().join("nbfix.toml"), text);
        config.map(|(config, _)| config.settings().unwrap().models.extra)
    };
    let rows = "provider,model,shutdown,successor\r\nopenai,ours,2026-12-24,ours-2\r\n\r\nazure,other,,\r\n";
    let extra = read(rows).unwrap();
    assert_eq!(extra.len(), 2);
    assert_eq!(extra[0].model, "ours");
    assert_eq!(extra[0].successor, "ours-2");
    assert_eq!(extra[0].shutdown.unwrap().to_string(), "2026-12-24");
    assert_eq!(
        (extra[1].provider.as_str(), extra[1].shutdown),
        ("azure", None)
    );
    let wrong = |rows: &str| read(rows).unwrap_err().to_string();
    assert!(wrong("provider,model\nopenai,a,b\n").contains("line 2: 3 fields"));
    assert!(wrong("provider,model\nopenia,a\n").contains("`openia` is no provider"));
    assert!(wrong("provider,model,shutdown\nopenai,a,soon\n").contains("`soon` is no day"));
    assert!(wrong("provider,modle\nopenai,a\n").contains("modle"));
    let missing = parse("[models]\nextra = 'nowhere.csv'\n");
    assert!(missing.contains("2:9: a/nowhere.csv: "), "{missing}");
}

#[test]
fn mistakes_are_shown() {
    let wrong = [
        (
            "[rule]\n",
            "1:2: there is no key `rule` in this file; did you mean `rules`?",
        ),
        (
            "[rules]\nselect = []",
            "2:1: there is no key `select` in `[rules]`; what may stand here is `paths`",
        ),
        ("rules = 1", "1:9: `rules` is a table"),
        ("[rules]\npaths = 'x'", "2:9: `paths` is a list of texts"),
        (
            "[rules]\npaths = ['x']",
            "2:10: there is no file or folder `a/x`",
        ),
        ("[rules", "1:7: "),
        (
            "selct = []",
            "1:1: there is no key `selct` in this file; did you mean `select`?",
        ),
        (
            "select = 'ALL'",
            "1:10: `select` is a list of texts: `select = [",
        ),
        ("ignore = ['x', 1]", "1:16: `ignore` is a list of texts"),
        (
            "fail-on = 'warn'",
            "1:11: `warn` is no value; did you mean `warning`?",
        ),
        (
            "[levels]\nasyncio-run = 'of'",
            "2:15: `of` is no value; did you mean `off`?",
        ),
        (
            "target-python = '2.7'",
            "1:17: `2.7` is no version of Python",
        ),
        ("target-python = 3.10", "1:17: "),
        (
            "force-exclude = 'yes'",
            "1:17: `force-exclude` is `true` or `false`",
        ),
        (
            "[fix]\nstile = 'x'",
            "2:1: there is no key `stile`; did you mean `style`?",
        ),
        (
            "[fix]\nstyle = 'inlin'",
            "2:9: `inlin` is no value; did you mean `inline`?",
        ),
    ];
    for (text, message) in wrong {
        let got = parse(text);
        assert!(got.starts_with(&format!("a/nbfix.toml:{message}")), "{got}");
    }
}

#[test]
fn of_pyproject_only_the_section_is_read() {
    let text = "[project]\nname = 'x'\n[tool.ruff]\nselect = 1\n[tool.nbfix]\nselct = []\n";
    let error = Config::parse(Path::new("pyproject.toml"), text.to_owned());
    let error = error.map(|_| ()).unwrap_err().to_string();
    let wanted =
        "pyproject.toml:6:1: there is no key `selct` in `[tool.nbfix]`; did you mean `select`?";
    assert!(error.starts_with(wanted), "{error}");
}

#[test]
fn a_section_that_is_no_table_is_a_slip() {
    let text = "[tool]\nnbfix = 3\n";
    let error = Config::parse(Path::new("pyproject.toml"), text.to_owned());
    let error = error.map(|_| ()).unwrap_err().to_string();
    assert!(
        error.starts_with("pyproject.toml:2:9: `tool.nbfix` is a table"),
        "{error}"
    );
}

fn schema() -> Value {
    serde_json::from_str(CONFIG).unwrap()
}

/// The schema and the reader know the same keys.
#[test]
fn the_schema_has_the_readers_keys() {
    let schema = schema();
    let properties = schema["properties"].as_object().unwrap();
    let mut keys: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
    keys.sort_unstable();
    let mut known: Vec<&str> = properties.keys().map(String::as_str).collect();
    known.sort_unstable();
    assert_eq!(known, keys);
    for key in KEYS {
        let property = &properties[key.name];
        let kind = property["type"].as_str().or(property["$ref"].as_str());
        let wanted = match key.takes {
            Takes::Switch => kind == Some("boolean"),
            Takes::Text => kind == Some("string") || property["enum"].is_array(),
            Takes::Texts => kind.is_some_and(|kind| kind.starts_with("#/definitions/")),
            Takes::Open => property["additionalProperties"].is_object(),
            Takes::Table(inner) => property["properties"]
                .as_object()
                .unwrap()
                .keys()
                .eq(inner.iter()),
            Takes::Settings => kind == Some("object") || kind == Some("string"),
        };
        assert!(wanted, "{}: {property}", key.name);
    }
}

/// What the schema gives as an example the reader takes; what the schema does not know the reader does not either.
#[test]
fn the_schema_and_the_reader_agree() {
    let schema = schema();
    for (key, property) in schema["properties"].as_object().unwrap() {
        for example in property["examples"].as_array().unwrap() {
            let value: toml::Value = serde_json::from_value(example.clone()).unwrap();
            let mut table = toml::Table::new();
            table.insert(key.clone(), value);
            let got = parse(&table.to_string());
            assert_eq!(got, "[]", "{key}");
        }
        let Some(inner) = property["properties"].as_object() else {
            continue;
        };
        for (name, says) in inner {
            let words = says["enum"].as_array().into_iter().flatten();
            for word in words {
                assert_eq!(parse(&format!("[{key}]\n{name} = {word}")), "[]");
            }
            assert_ne!(parse(&format!("[{key}]\n{name} = 1")), "[]");
        }
        assert_ne!(parse(&format!("[{key}]\nno-such-key = 1")), "[]");
    }
}

/// The defaults and words of the schema are those of the code.
#[test]
fn the_schema_tells_the_defaults() {
    let schema = schema();
    let excluded = &schema["properties"]["exclude"]["default"];
    assert_eq!(*excluded, serde_json::json!(crate::project::EXCLUDED));
    let words: Vec<&str> = FAIL_ON.iter().map(|(word, _)| *word).collect();
    assert_eq!(
        schema["properties"]["fail-on"]["enum"],
        serde_json::json!(words)
    );
    let words: Vec<&str> = LEVELS.iter().map(|(word, _)| *word).collect();
    let levels = &schema["properties"]["levels"]["additionalProperties"]["enum"];
    assert_eq!(*levels, serde_json::json!(words));
}
