//! What the decorators of apps and blueprints do.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// What a decorator adds to a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DecoratorKind {
    /// What the function is called by.
    Trigger,
    /// A binding that the function reads.
    Input,
    /// A binding that the function writes.
    Output,
    /// A setting, such as the function's name.
    Setting,
    /// Nothing that matters here.
    None,
}

/// One decorator of the Functions library.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decorator {
    /// What it adds.
    pub kind: DecoratorKind,
    /// The type of its binding, as the host prints it; empty if an argument tells.
    #[serde(default, rename = "type")]
    pub binding: String,
    /// The argument that names the parameter it is bound to; empty if there is none.
    #[serde(default)]
    pub by: String,
    /// The arguments, in order.
    pub parameters: Vec<String>,
    /// How many of them must be given.
    pub required: usize,
    /// Whether other keywords are taken.
    #[serde(default)]
    pub open: bool,
}

static TABLE: LazyLock<BTreeMap<String, Decorator>> = LazyLock::new(|| {
    // A test reads the table; a mistake in it cannot be shipped.
    toml::from_str(include_str!("../../../rules/data/decorators.toml")).unwrap_or_default()
});

/// All decorators that the library has, by name.
pub fn decorators() -> &'static BTreeMap<String, Decorator> {
    &TABLE
}

/// The decorator of this name.
pub fn decorator(name: &str) -> Option<&'static Decorator> {
    TABLE.get(name)
}

/// Whether a name that the library does not have is one of a trigger that is newer than the table.
pub fn unknown_trigger(name: &str) -> bool {
    name.ends_with("_trigger") && decorator(name).is_none() && misspelt(name).is_none()
}

/// The trigger that `name` is a misspelling of.
pub fn misspelt(name: &str) -> Option<&'static str> {
    if decorator(name).is_some() || name.len() < 5 {
        return None;
    }
    let plain = |name: &str| name.replace('_', "").to_lowercase();
    let bare = |name: &str| plain(name).trim_end_matches("trigger").to_owned();
    let triggers = TABLE
        .iter()
        .filter(|(_, decorator)| decorator.kind == DecoratorKind::Trigger);
    let asks = name.to_lowercase().ends_with("trigger");
    triggers.map(|(known, _)| known.as_str()).find(|known| {
        let trigger = known.ends_with("_trigger");
        plain(known) == plain(name)
            || trigger && asks && bare(known) == bare(name)
            || trigger && asks && one_slip(&plain(known), &plain(name))
    })
}

/// Whether two words differ by one letter that is missing, too many, other, or swapped with its neighbour.
fn one_slip(left: &str, right: &str) -> bool {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let same = left.iter().zip(&right).take_while(|(a, b)| a == b).count();
    let (a, b) = (&left[same..], &right[same..]);
    match (a, b) {
        ([_, a @ ..], [_, b @ ..]) if a == b => true,
        ([a, b, left @ ..], [c, d, right @ ..]) if a == d && b == c && left == right => true,
        ([_, rest @ ..], b) if rest == b => true,
        (a, [_, rest @ ..]) if a == rest => true,
        _ => false,
    }
}

/// The type of a trigger that the table does not have: `new_thing_trigger` is `newThingTrigger`.
pub(crate) fn guessed_type(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut upper = false;
    for letter in name.chars() {
        if letter == '_' {
            upper = true;
        } else if upper {
            out.extend(letter.to_uppercase());
            upper = false;
        } else {
            out.push(letter);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read() {
        assert!(decorators().len() > 50);
        let timer = decorator("timer_trigger").map(|it| (it.binding.as_str(), it.by.as_str()));
        assert_eq!(timer, Some(("timerTrigger", "arg_name")));
    }

    #[test]
    fn slips_are_seen_and_new_triggers_are_none() {
        assert_eq!(misspelt("warmup_trigger"), Some("warm_up_trigger"));
        assert_eq!(misspelt("time_trigger"), Some("timer_trigger"));
        assert_eq!(misspelt("timmer_trigger"), Some("timer_trigger"));
        assert_eq!(misspelt("tiemr_trigger"), Some("timer_trigger"));
        assert_eq!(misspelt("timerTrigger"), Some("timer_trigger"));
        assert_eq!(misspelt("signalr_trigger"), None);
        assert_eq!(misspelt("router"), None);
        assert!(unknown_trigger("signalr_trigger"));
        assert!(!unknown_trigger("timer_trigger"));
        assert_eq!(guessed_type("new_thing_trigger"), "newThingTrigger");
    }
}
