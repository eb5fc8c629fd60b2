//! What may stand in the configuration. The reader, `nbfix config` and the schema's test go by this table.

/// A key of the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) takes: Takes,
}

/// What stands behind a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// `true` or `false`.
    Switch,
    /// One text.
    Text,
    /// A list of texts.
    Texts,
    /// A table with keys of the project's own: rules, patterns.
    Open,
    /// A table with these keys.
    Table(&'static [&'static str]),
    /// A table that `nbfix_rules::Settings` reads.
    Settings,
}

/// All keys at the top of the file.
pub(crate) const KEYS: &[Key] = &[
    key("extend", Takes::Text),
    key("select", Takes::Texts),
    key("extend-select", Takes::Texts),
    key("ignore", Takes::Texts),
    key("per-file-ignores", Takes::Open),
    key("levels", Takes::Open),
    key("fail-on", Takes::Text),
    key("exclude", Takes::Texts),
    key("extend-exclude", Takes::Texts),
    key("force-exclude", Takes::Switch),
    key("target-python", Takes::Settings),
    key("baseline", Takes::Text),
    key("rules", Takes::Table(&["paths"])),
    key("models", Takes::Settings),
    key("endpoints", Takes::Settings),
    key("services", Takes::Settings),
    key("secrets", Takes::Settings),
    key("fix", Takes::Settings),
    key("functions", Takes::Settings),
    key("packages", Takes::Settings),
];

const fn key(name: &'static str, takes: Takes) -> Key {
    Key { name, takes }
}

/// The key of this name.
pub(crate) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// What to write for a key, shown where something else was written.
pub(crate) fn example(name: &str) -> &'static str {
    match name {
        "extend" => "extend = \"../nbfix.toml\"",
        "select" => "select = [\"broken\", \"leak\"]",
        "extend-select" => "extend-select = [\"personal-path\"]",
        "ignore" => "ignore = [\"hardcoded-model\"]",
        "per-file-ignores" => "[per-file-ignores]\n\"drafts/\" = [\"hardcoded-model\"]",
        "levels" => "[levels]\nhardcoded-model = \"note\"",
        "fail-on" => "fail-on = \"error\"",
        "exclude" => "exclude = [\"vendor/\"]",
        "extend-exclude" => "extend-exclude = [\"drafts/\"]",
        "force-exclude" => "force-exclude = true",
        "target-python" => "target-python = \"3.10\"",
        "baseline" => "baseline = \"nbfix-baseline.json\"",
        "rules" | "paths" => "[rules]\npaths = [\"nbfix-rules/\"]",
        _ => "a table",
    }
}
