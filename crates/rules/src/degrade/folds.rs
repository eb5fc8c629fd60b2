//! One name for what several steps need together: `mistral_enabled = Mistral is not None and bool(api_key)`.

use std::collections::BTreeSet;

use nbfix_semantic::{ProgramId, Semantic};

use super::taint::Need;
use super::text;

/// The needs that have a name, or may get one.
#[derive(Default)]
pub(super) struct Folds {
    all: Vec<Fold>,
}

struct Fold {
    needs: BTreeSet<Need>,
    /// What takes their place.
    flag: Need,
    /// Whether the notebook has it by now.
    made: bool,
}

impl Folds {
    /// Names for what more than one of these steps needs.
    pub(super) fn of<'n>(
        semantic: &Semantic<'_>,
        steps: impl Iterator<Item = &'n BTreeSet<Need>>,
    ) -> Self {
        let steps: Vec<&BTreeSet<Need>> = steps.collect();
        let mut all: Vec<Fold> = Vec::new();
        for needs in &steps {
            let again = steps
                .iter()
                .filter(|other| other.is_superset(needs))
                .count()
                > 1;
            let known = all.iter().any(|fold| fold.needs == **needs);
            if needs.len() < 2 || !again || known {
                continue;
            }
            let Some(flag) = name_of(needs) else { continue };
            let taken = semantic.is_bound(ProgramId::DOCUMENT, &flag)
                || all.iter().any(|fold| fold.flag.test == flag)
                || steps
                    .iter()
                    .any(|step| step.iter().any(|need| need.test == flag));
            if taken {
                continue;
            }
            let labels: Vec<&str> = needs.iter().map(|need| need.label.as_str()).collect();
            all.push(Fold {
                flag: Need {
                    label: text::all_of(&labels),
                    test: flag,
                    package_of: None,
                },
                needs: (*needs).clone(),
                made: false,
            });
        }
        // What needs most is folded first.
        all.sort_by_key(|fold| std::cmp::Reverse(fold.needs.len()));
        Self { all }
    }

    /// What a step needs, in fewer words, and the line that gives the name to it, if it has to stand before the step.
    /// Only where `may_make` can a line stand there.
    pub(super) fn fold(
        &mut self,
        needs: &BTreeSet<Need>,
        may_make: bool,
    ) -> (BTreeSet<Need>, Option<String>) {
        let mut left = needs.clone();
        let mut line = None;
        for fold in &mut self.all {
            let makes = !fold.made && may_make && fold.needs == left;
            if !fold.needs.is_subset(&left) || !(fold.made || makes) {
                continue;
            }
            if makes {
                let tests: Vec<String> = fold.needs.iter().map(|need| truth(&need.test)).collect();
                line = Some(format!("{} = {}", fold.flag.test, tests.join(" and ")));
                fold.made = true;
            }
            left.retain(|need| !fold.needs.contains(need));
            left.insert(fold.flag.clone());
        }
        (left, line)
    }

    /// The line that was to give this name does not stand in the notebook.
    pub(super) fn unmake(&mut self, line: &str) {
        for fold in &mut self.all {
            fold.made &= !line.starts_with(&format!("{} = ", fold.flag.test));
        }
    }
}

/// A test as a truth value, so that no key ends up in the flag.
fn truth(test: &str) -> String {
    if test.contains(' ') || test.ends_with("_enabled") || test.ends_with("_ready") {
        test.to_owned()
    } else {
        format!("bool({test})")
    }
}

/// A name for the needs: that of the first package's service, or of what is asked for.
fn name_of(needs: &BTreeSet<Need>) -> Option<String> {
    let service = needs.iter().find_map(|need| need.package_of.clone());
    let stem = service.or_else(|| {
        let first = needs.iter().next()?;
        let word = first.test.split(' ').next()?;
        Some(word.trim_end_matches("_enabled").to_lowercase())
    })?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (!stem.is_empty() && stem.chars().all(is_name)).then(|| format!("{stem}_ready"))
}
