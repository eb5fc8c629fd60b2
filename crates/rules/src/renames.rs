//! The table of what has moved, `rules/data/renames.toml`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// A module, or some of its names, that lives elsewhere now.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Move {
    /// The distribution that took the old place away.
    pub(crate) package: String,
    /// The first version without it.
    pub(crate) since: String,
    /// The old module, dotted.
    old: String,
    new: String,
    /// The only names that it is for; all, if there are none.
    #[serde(default)]
    names: Vec<String>,
    /// Names that it is not for.
    #[serde(default)]
    keep: Vec<String>,
    /// The statement must import one of these.
    #[serde(default)]
    when: Vec<String>,
    /// Whether modules below the old one have moved along.
    #[serde(default)]
    prefix: bool,
    #[serde(default)]
    to: BTreeMap<String, String>,
    #[serde(default)]
    first: First,
    /// Whether what stands in the new place takes other arguments.
    #[serde(default, rename = "unsafe")]
    pub(crate) reshaped: bool,
    /// Whether the old place still works, and is only left behind.
    #[serde(default)]
    pub(crate) note: bool,
    /// The versions whose wheels were looked at.
    #[serde(rename = "checked")]
    _checked: String,
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "as_of")]
    _as_of: String,
}

/// Which place is tried first.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum First {
    /// The new one.
    #[default]
    New,
    /// The old one: what is in the new place is there with the old version too, and is something else.
    Old,
}

impl Move {
    /// A row of the configuration: everything in `old` is in `new` now.
    fn configured(old: &str, new: &str) -> Self {
        Self {
            package: old.split('.').next().unwrap_or(old).to_owned(),
            // No version is older: whoever says so knows that it has gone.
            since: "0".to_owned(),
            old: old.to_owned(),
            new: new.to_owned(),
            names: Vec::new(),
            keep: Vec::new(),
            when: Vec::new(),
            prefix: true,
            to: BTreeMap::new(),
            first: First::New,
            reshaped: false,
            note: false,
            _checked: String::new(),
            _source: String::new(),
            _as_of: String::new(),
        }
    }

    /// The new place of `module`, if the row is for it.
    fn module(&self, module: &str) -> Option<String> {
        let rest = module.strip_prefix(self.old.as_str())?;
        let below = self.prefix && rest.starts_with('.');
        (rest.is_empty() || below).then(|| format!("{}{rest}", self.new))
    }

    /// Which place is tried first.
    pub(crate) fn first(&self) -> First {
        self.first
    }

    /// What `name` is called in the new place.
    pub(crate) fn renamed<'n>(&'n self, name: &'n str) -> &'n str {
        self.to.get(name).map_or(name, String::as_str)
    }

    /// Whether it is for every name of the module but those that stay.
    pub(crate) fn is_for_all(&self) -> bool {
        self.names.is_empty()
    }

    /// Whether everything in the module has moved.
    pub(crate) fn is_whole(&self) -> bool {
        self.names.is_empty() && self.when.is_empty()
    }
}

#[derive(Deserialize)]
struct Table {
    #[serde(rename = "move")]
    moves: Vec<Move>,
}

static MOVES: LazyLock<Vec<Move>> = LazyLock::new(|| {
    // A test reads the table; a broken one means that nothing has moved.
    toml::from_str::<Table>(include_str!("../../../rules/data/renames.toml"))
        .map(|table| table.moves)
        .unwrap_or_default()
});

/// Where `name` of `module` has moved: the row, and the new module. `others` are all names of the statement. A row for
/// the name counts before one for the module, and one for this module before one for a module around it.
pub(crate) fn of_name(
    module: &str,
    name: &str,
    others: &[&str],
) -> Option<(&'static Move, String)> {
    let fits = |row: &&'static Move| {
        let has = |list: &[String]| list.iter().any(|known| known == name);
        let asked = |when: &String| others.contains(&when.as_str());
        (row.names.is_empty() || has(&row.names))
            && !has(&row.keep)
            && (row.when.is_empty() || row.when.iter().any(asked))
    };
    let rows = MOVES.iter().filter(fits);
    let moved = rows.filter_map(|row| Some((row, row.module(module)?)));
    moved.max_by_key(|(row, _)| (row.old.len(), !row.names.is_empty()))
}

/// Where a whole module has moved.
pub(crate) fn of_module(module: &str) -> Option<(&'static Move, String)> {
    let rows = MOVES.iter().filter(|row| row.is_whole());
    let moved = rows.filter_map(|row| Some((row, row.module(module)?)));
    moved.max_by_key(|(row, _)| row.old.len())
}

/// The same as [`of_name`], where the configuration's own rows count first.
pub(crate) fn place_of_name(
    moved: &BTreeMap<String, String>,
    module: &str,
    name: &str,
    others: &[&str],
) -> Option<(Cow<'static, Move>, String)> {
    let member = format!("{module}.{name}");
    // `from ourlab import old`, where `ourlab.old` has moved to `ourlab.new`.
    if let Some(new) = moved.get(&member)
        && let Some((home, new_name)) = new.rsplit_once('.')
    {
        let mut row = Move::configured(module, home);
        row.names.push(name.to_owned());
        row.to.insert(name.to_owned(), new_name.to_owned());
        return Some((Cow::Owned(row), home.to_owned()));
    }
    configured(moved, module)
        .or_else(|| of_name(module, name, others).map(|(row, module)| (Cow::Borrowed(row), module)))
}

/// The same as [`of_module`], where the configuration's own rows count first.
pub(crate) fn place_of_module(
    moved: &BTreeMap<String, String>,
    module: &str,
) -> Option<(Cow<'static, Move>, String)> {
    configured(moved, module)
        .or_else(|| of_module(module).map(|(row, module)| (Cow::Borrowed(row), module)))
}

fn configured(
    moved: &BTreeMap<String, String>,
    module: &str,
) -> Option<(Cow<'static, Move>, String)> {
    let rows = moved.iter().map(|(old, new)| Move::configured(old, new));
    let fitting = rows.filter_map(|row| row.module(module).map(|new| (row, new)));
    let (row, new) = fitting.max_by_key(|(row, _)| row.old.len())?;
    Some((Cow::Owned(row), new))
}

/// Whether modules of this first part have moved.
pub(crate) fn is_root(moved: &BTreeMap<String, String>, root: &str) -> bool {
    static ROOTS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
        let roots = MOVES.iter().filter_map(|row| row.old.split('.').next());
        let mut roots: Vec<&str> = roots.collect();
        roots.sort_unstable();
        roots.dedup();
        roots
    });
    ROOTS.binary_search(&root).is_ok()
        || moved.keys().any(|old| old.split('.').next() == Some(root))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        assert!(MOVES.len() > 120);
        let place = |module: &str, name: &str| of_name(module, name, &[name]).map(|(_, new)| new);
        let new = |text: &str| Some(text.to_owned());
        assert_eq!(
            place("langchain.chat_models", "ChatOpenAI"),
            new("langchain_openai")
        );
        assert_eq!(
            place("langchain.chains.question_answering", "load_qa_chain"),
            new("langchain_classic.chains.question_answering")
        );
        assert_eq!(place("langchain.agents", "create_agent"), None);
        assert_eq!(place("llama_index.llms.openai", "OpenAI"), None);
    }

    #[test]
    fn what_has_moved_is_not_sent_on() {
        for row in MOVES.iter().filter(|row| row.old != row.new) {
            let names = row.names.iter().map(String::as_str).chain(["Anything"]);
            for name in names.filter(|name| row.names.is_empty() || *name != "Anything") {
                let again = of_name(&row.new, row.renamed(name), &[name]);
                assert!(again.is_none(), "{} {name} {again:?}", row.new);
            }
        }
    }
}
