//! Which rules run.

use anyhow::anyhow;
use nbfix_lint::{Group, Rule, RuleSet};
use nbfix_rules::group_name;

use crate::arguments::RuleArguments;
use crate::rulebook::Rulebook;

const GROUPS: [Group; 4] = [Group::Broken, Group::Leak, Group::Fragile, Group::Tidy];

/// What `--select` and `--ignore` take. The order is that of their weight: a later one outweighs an earlier one.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Selector {
    All,
    Group(Group),
    Rule(&'static Rule),
}

impl Selector {
    fn weight(self) -> usize {
        match self {
            Selector::All => 0,
            Selector::Group(_) => 1,
            Selector::Rule(_) => 2,
        }
    }

    fn covers(self, rule: &Rule) -> bool {
        match self {
            Selector::All => true,
            Selector::Group(group) => rule.group == group,
            Selector::Rule(only) => rule.name == only.name,
        }
    }
}

impl Selector {
    fn parse(text: &str, book: &Rulebook) -> Result<Self, String> {
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
}

/// The rules of the book that the arguments ask for. Where a rule is both selected and ignored, the more specific
/// argument wins: its name over its group over `ALL`; among equals `--ignore` does.
///
/// # Errors
/// If an argument names no rule and no group.
pub(crate) fn rule_set(arguments: &RuleArguments, book: &Rulebook) -> anyhow::Result<RuleSet> {
    let parse = |names: &[String], option: &str| -> anyhow::Result<Vec<Selector>> {
        let parse = |name: &String| Selector::parse(name, book);
        let selectors: Result<Vec<Selector>, String> = names.iter().map(parse).collect();
        selectors.map_err(|error| anyhow!("`{option}`: {error}"))
    };
    let choice = Choice {
        select: parse(&arguments.select, "--select")?,
        extend: parse(&arguments.extend_select, "--extend-select")?,
        ignore: parse(&arguments.ignore, "--ignore")?,
    };
    let rules = book.entries().map(|entry| entry.rule);
    Ok(RuleSet::new(rules.filter(|rule| choice.runs(rule))))
}

/// What was selected and ignored.
struct Choice {
    select: Vec<Selector>,
    extend: Vec<Selector>,
    ignore: Vec<Selector>,
}

impl Choice {
    fn runs(&self, rule: &Rule) -> bool {
        let mut runs = rule.default && self.select.is_empty();
        for weight in 0..=2 {
            let named = |selectors: &[Selector]| {
                let mut same = selectors.iter().filter(|it| it.weight() == weight);
                same.any(|selector| selector.covers(rule))
            };
            runs |= named(&self.select) || named(&self.extend);
            runs &= !named(&self.ignore);
        }
        runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(clippy::unwrap_used)]
    fn chosen(select: &[&str], extend: &[&str], ignore: &[&str]) -> Vec<&'static str> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let arguments = RuleArguments {
            select: owned(select),
            extend_select: owned(extend),
            ignore: owned(ignore),
            ..RuleArguments::default()
        };
        let rules = rule_set(&arguments, &Rulebook::built_in()).unwrap();
        rules.rules().iter().map(|it| it.rule.name).collect()
    }

    #[test]
    fn the_more_specific_wins() {
        let defaults = chosen(&[], &[], &[]);
        assert!(defaults.contains(&"asyncio-run"));
        assert_eq!(chosen(&["asyncio-run"], &[], &["broken"]), ["asyncio-run"]);
        assert!(!chosen(&["broken"], &[], &["asyncio-run"]).contains(&"asyncio-run"));
        assert_eq!(chosen(&["ALL"], &[], &["ALL"]), Vec::<&str>::new());
        assert_eq!(chosen(&[], &["asyncio-run"], &["ALL"]), ["asyncio-run"]);
        let without: Vec<&str> = defaults
            .iter()
            .copied()
            .filter(|name| nbfix_rules::find(name).is_some_and(|rule| rule.group != Group::Broken))
            .collect();
        assert_eq!(chosen(&[], &[], &["broken"]), without);
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
