//! Which rules run.

use std::str::FromStr;

use nbfix_lint::{Group, Rule, RuleSet};
use nbfix_rules::{all, find, group_name};

use crate::arguments::RuleArguments;
use crate::suggest::nearest;

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

impl FromStr for Selector {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name = text.trim();
        if name.eq_ignore_ascii_case("all") {
            return Ok(Selector::All);
        }
        let group = GROUPS.into_iter().find(|group| group_name(*group) == name);
        group
            .map(Selector::Group)
            .or_else(|| find(name).map(Selector::Rule))
            .ok_or_else(|| unknown(name, GROUPS.into_iter().map(group_name)))
    }
}

/// That there is no rule of this name (nor any of the `others`), and what may have been meant.
pub(crate) fn unknown(name: &str, others: impl Iterator<Item = &'static str>) -> String {
    let names = all().iter().map(|rule| rule.name).chain(others);
    match nearest(name, names) {
        Some(meant) => format!("there is no rule `{name}`; did you mean `{meant}`?"),
        None => format!("there is no rule `{name}`; `nbfix rules` lists them"),
    }
}

/// The rules that the arguments ask for. Where a rule is both selected and ignored, the more specific argument
/// wins: its name over its group over `ALL`; among equals `--ignore` does.
pub(crate) fn rule_set(arguments: &RuleArguments) -> RuleSet {
    RuleSet::new(all().iter().filter(|rule| runs(rule, arguments)))
}

fn runs(rule: &Rule, arguments: &RuleArguments) -> bool {
    let mut runs = rule.default && arguments.select.is_empty();
    for weight in 0..=2 {
        let named = |selectors: &[Selector]| {
            let mut same = selectors.iter().filter(|it| it.weight() == weight);
            same.any(|selector| selector.covers(rule))
        };
        runs |= named(&arguments.select) || named(&arguments.extend_select);
        runs &= !named(&arguments.ignore);
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(clippy::unwrap_used)]
    fn chosen(select: &[&str], extend: &[&str], ignore: &[&str]) -> Vec<&'static str> {
        let parse = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect();
        let arguments = RuleArguments {
            select: parse(select),
            extend_select: parse(extend),
            ignore: parse(ignore),
        };
        let rules = rule_set(&arguments);
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
            .filter(|name| find(name).is_some_and(|rule| rule.group != Group::Broken))
            .collect();
        assert_eq!(chosen(&[], &[], &["broken"]), without);
    }

    #[test]
    fn an_unknown_name_is_an_error_that_helps() {
        let error = "asyncio-rum"
            .parse::<Selector>()
            .map_err(|error| error.to_string());
        assert!(error.is_err_and(|error| error.contains("`asyncio-run`")));
        let error = "fragil"
            .parse::<Selector>()
            .map_err(|error| error.to_string());
        assert!(error.is_err_and(|error| error.contains("`fragile`")));
    }
}
