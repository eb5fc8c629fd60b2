//! Which rules run.

use nbfix_lint::{Group, Rule};
use nbfix_rules::group_name;

use crate::config::Word;
use crate::rulebook::Rulebook;

const GROUPS: [Group; 4] = [Group::Broken, Group::Leak, Group::Fragile, Group::Tidy];

/// What `select` and `ignore` take. The order is that of their weight: a later one outweighs an earlier one.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Selector {
    All,
    Group(Group),
    Rule(&'static Rule),
}

impl Selector {
    /// How much it says: a rule's own name outweighs its group, and its group outweighs `ALL`.
    pub(crate) fn weight(self) -> usize {
        match self {
            Selector::All => 0,
            Selector::Group(_) => 1,
            Selector::Rule(_) => 2,
        }
    }

    pub(crate) fn covers(self, rule: &Rule) -> bool {
        match self {
            Selector::All => true,
            Selector::Group(group) => rule.group == group,
            Selector::Rule(only) => rule.name == only.name,
        }
    }

    /// # Errors
    /// If there is no such rule and no such group: then what may have been meant.
    pub(crate) fn parse(text: &str, book: &Rulebook) -> Result<Self, String> {
        let name = text.trim();
        if name.eq_ignore_ascii_case("all") {
            return Ok(Selector::All);
        }
        if let Some(group) = GROUPS.into_iter().find(|group| group_name(*group) == name) {
            return Ok(Selector::Group(group));
        }
        match book.find(name) {
            Some(entry) => Ok(Selector::Rule(entry.rule)),
            None => Err(book.unknown(name, GROUPS.into_iter().map(group_name))),
        }
    }

    /// All of them.
    ///
    /// # Errors
    /// The first that names nothing, with the place that says it.
    pub(crate) fn parse_all<'w>(
        words: impl IntoIterator<Item = &'w Word>,
        book: &Rulebook,
    ) -> anyhow::Result<Vec<Self>> {
        let parse = |word: &Word| {
            Self::parse(&word.value, book).map_err(|why| anyhow::anyhow!(word.origin.error(&why)))
        };
        words.into_iter().map(parse).collect()
    }
}

/// What one source says: the file, the environment, or the command line.
#[derive(Debug, Default)]
pub(crate) struct Layer {
    /// In place of what would run otherwise.
    pub(crate) select: Option<Vec<Selector>>,
    /// Besides it.
    pub(crate) extend: Vec<Selector>,
    pub(crate) ignore: Vec<Selector>,
}

/// What all sources say, the weakest first.
#[derive(Debug, Default)]
pub(crate) struct Choice {
    pub(crate) layers: Vec<Layer>,
}

impl Choice {
    /// Whether a rule runs. Where one source both selects and ignores it, the more specific word wins, and among
    /// equals `ignore`. A stronger source selects anew, but what a weaker one ignores by name stays ignored until it
    /// is selected by name.
    pub(crate) fn runs(&self, rule: &Rule) -> bool {
        let mut runs = rule.default;
        let mut ignored = None;
        for layer in &self.layers {
            let weight = |selectors: &[Selector]| {
                let covering = selectors.iter().filter(|it| it.covers(rule));
                covering.map(|it| it.weight()).max()
            };
            let select = layer.select.as_deref();
            runs &= select.is_none();
            let selected = weight(select.unwrap_or_default()).max(weight(&layer.extend));
            if selected.is_some() && selected >= ignored {
                runs = true;
                ignored = None;
            }
            let here = weight(&layer.ignore);
            if here.is_some() && here >= selected {
                runs = false;
                ignored = ignored.max(here);
            }
        }
        runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(clippy::unwrap_used)]
    fn layer(select: &[&str], extend: &[&str], ignore: &[&str]) -> Layer {
        let book = Rulebook::built_in();
        let parse = |names: &[&str]| -> Vec<Selector> {
            let parse = |name: &&str| Selector::parse(name, &book).unwrap();
            names.iter().map(parse).collect()
        };
        Layer {
            select: (!select.is_empty()).then(|| parse(select)),
            extend: parse(extend),
            ignore: parse(ignore),
        }
    }

    fn chosen(layers: Vec<Layer>) -> Vec<&'static str> {
        let choice = Choice { layers };
        let book = Rulebook::built_in();
        let rules = book.entries().map(|entry| entry.rule);
        let rules = rules.filter(|rule| choice.runs(rule));
        rules.map(|rule| rule.name).collect()
    }

    fn one(select: &[&str], extend: &[&str], ignore: &[&str]) -> Vec<&'static str> {
        chosen(vec![layer(select, extend, ignore)])
    }

    #[test]
    fn the_more_specific_wins() {
        let defaults = one(&[], &[], &[]);
        assert!(defaults.contains(&"asyncio-run"));
        assert_eq!(one(&["asyncio-run"], &[], &["broken"]), ["asyncio-run"]);
        assert!(!one(&["broken"], &[], &["asyncio-run"]).contains(&"asyncio-run"));
        assert_eq!(one(&["ALL"], &[], &["ALL"]), Vec::<&str>::new());
        assert_eq!(one(&[], &["asyncio-run"], &["ALL"]), ["asyncio-run"]);
        let without: Vec<&str> = defaults
            .iter()
            .copied()
            .filter(|name| nbfix_rules::find(name).is_some_and(|rule| rule.group != Group::Broken))
            .collect();
        assert_eq!(one(&[], &[], &["broken"]), without);
    }

    #[test]
    fn a_stronger_source_selects_anew_and_heeds_what_is_ignored_by_name() {
        let file = || layer(&["broken"], &["personal-path"], &["asyncio-run"]);
        let with = |stronger: Layer| chosen(vec![file(), stronger]);
        assert!(!with(layer(&["leak"], &[], &[])).contains(&"personal-path"));
        assert!(!with(layer(&["broken"], &[], &[])).contains(&"asyncio-run"));
        assert!(!with(layer(&["ALL"], &[], &[])).contains(&"asyncio-run"));
        assert_eq!(with(layer(&["asyncio-run"], &[], &[])), ["asyncio-run"]);
        assert!(with(layer(&[], &["asyncio-run"], &[])).contains(&"asyncio-run"));
        assert!(!with(layer(&[], &[], &["personal-path"])).contains(&"personal-path"));
    }

    #[test]
    fn an_unknown_name_is_an_error_that_helps() {
        let book = Rulebook::built_in();
        for (slip, meant) in [("asyncio-rum", "`asyncio-run`"), ("fragil", "`fragile`")] {
            let error = Selector::parse(slip, &book).map(|_| ());
            assert!(error.is_err_and(|error| error.contains(meant)));
        }
    }
}
