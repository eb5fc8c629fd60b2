//! Versions of packages that a notebook asks for: in its cells, and in the requirements beside it.

use std::sync::LazyLock;

use nbfix_lint::Level;
use nbfix_semantic::{Semantic, normal_name, version_numbers};
use regex::Regex;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::Settings;

/// How bad it is for this document that `package` has been without something since `since`: the lower level, if it is
/// not the rule's own; `None` if nothing is to be told, because the document asks for an older version, or because its
/// configuration leaves the package out.
///
/// Nobody installs Python from a cell. What the notebook was last run with (`language_info`) does not bind the
/// reader, so it is a warning there; where the configuration names an older `target-python`, it is a note.
pub(crate) fn standing(
    semantic: &Semantic<'_>,
    settings: &Settings,
    package: &str,
    since: &str,
) -> Option<Option<Level>> {
    if settings.packages.ignores(package) || asks_for_older(semantic, package, since) {
        return None;
    }
    if package != "python" {
        return Some(None);
    }
    let since = version_numbers(since);
    let target = settings
        .target_python
        .map(|target| vec![3, u64::from(target.minor)]);
    if let Some(target) = target {
        return Some((target < since).then_some(Level::Note));
    }
    let known = recorded_python(semantic.notebook().text());
    Some(known.filter(|known| *known < since).map(|_| Level::Warning))
}

/// Whether a cell, or the requirements beside the document, name this distribution.
pub(crate) fn names(semantic: &Semantic<'_>, package: &str) -> bool {
    let holds = |text: &str| memchr::memmem::find(text.as_bytes(), package.as_bytes()).is_some();
    let requirements = semantic.requirements().unwrap_or_default();
    let mut cells = semantic.notebook().cells().iter();
    cells.any(|cell| holds(&cell.source)) || requirements.iter().any(|line| holds(line))
}

/// The Python that a notebook was last run with, major and minor, or that its kernel is called after.
fn recorded_python(notebook: &str) -> Option<Vec<u64>> {
    #[derive(Deserialize)]
    struct Document {
        #[serde(default)]
        metadata: Map<String, Value>,
    }
    static KERNEL: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?i)\bpython[ _-]?3\.?(\d{1,2})\b").ok());
    let metadata = serde_json::from_str::<Document>(notebook).ok()?.metadata;
    let text = |section: &str, key: &str| metadata.get(section)?.get(key)?.as_str();
    if let Some(recorded) = text("language_info", "version") {
        let mut numbers = version_numbers(recorded);
        numbers.truncate(2);
        return (numbers.len() == 2).then_some(numbers);
    }
    let names = ["name", "display_name"].into_iter();
    let mut names = names.filter_map(|key| text("kernelspec", key));
    names.find_map(|name| {
        let found = KERNEL.as_ref()?.captures(name)?;
        Some(vec![3, found[1].parse().ok()?])
    })
}

/// Versions of a package below this one.
type Below = (&'static str, &'static str);

/// Packages that come in step with another one: who asks for the last below the version asks for the first below its
/// own.
const IN_STEP: &[(Below, Below)] = &[
    (("langchain", "1.0"), ("langchain-core", "1.0")),
    (("langchain", "1.0"), ("langchain-community", "0.4")),
    (("langchain", "1.0"), ("langchain-openai", "1.0")),
    (("langchain", "1.0"), ("langchain-text-splitters", "1.0")),
    (("llama-index", "0.10"), ("llama-index-core", "0.10")),
    // TensorFlow 2.6 was the last to ask for `numpy~=1.19`, 2.17 for one below 2.
    (("numpy", "1.24"), ("tensorflow", "2.7")),
    (("numpy", "1.24"), ("tensorflow-cpu", "2.7")),
    (("numpy", "1.24"), ("tensorflow-gpu", "2.7")),
    (("numpy", "2.0"), ("tensorflow", "2.18")),
    (("numpy", "2.0"), ("tensorflow-cpu", "2.18")),
    (("numpy", "2.0"), ("tensorflow-gpu", "2.18")),
];

/// Whether the notebook asks for a version of `package` below `since`, so that what `since` took away is still there.
pub(crate) fn asks_for_older(semantic: &Semantic<'_>, package: &str, since: &str) -> bool {
    let older = |package: &str, since: &str| {
        let (name, since) = (normal_name(package), version_numbers(since));
        let mut pins = semantic.pins().iter();
        pins.any(|pin| pin.name == name && pin.is_older_than(&since))
    };
    let in_step = || {
        let mut rows = IN_STEP.iter();
        rows.any(|(what, (other, below))| *what == (package, since) && older(other, below))
    };
    older(package, since) || in_step()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_below_are_told_from_others() {
        let names_older = |text: &str, package: &str, since: &str| {
            let since = version_numbers(since);
            let mut pins = nbfix_semantic::pins(text).into_iter();
            pins.any(|pin| pin.name == package && pin.is_older_than(&since))
        };
        let older = |text: &str| names_older(text, "openai", "1.0");
        assert!(older("%pip install openai==0.28"));
        assert!(older("!pip install -q \"openai<1\" tiktoken"));
        assert!(older("openai>=0.27,<1.0.0"));
        assert!(older("openai ~= 0.27.8"));
        assert!(older("openai[datalib]==0.28.1"));
        assert!(!older("%pip install openai==1.3.5"));
        assert!(!older("%pip install openai>=0.27"));
        assert!(!older("%pip install openai<2"));
        assert!(!older("langchain-openai==0.1"));
        let beta = |text: &str| names_older(text, "azure-search-documents", "11.4");
        assert!(beta("%pip install azure-search-documents==11.4.0b8"));
        // which 11.4.2 fits, too
        assert!(!beta("azure-search-documents~=11.4.0b6"));
        assert!(!beta("azure-search-documents==11.4.0"));
        assert!(!beta("azure-search-documents>=11.4.0b8"));
        // conda's way
        assert!(names_older("python=3.8", "python", "3.12"));
        assert!(!names_older("python=3.12", "python", "3.12"));
        assert!(!names_older("pandas>=1.3", "pandas", "2.0"));
        assert!(names_older("llama_index==0.9.48", "llama-index", "0.10"));
        assert!(!names_older("llama-index==0.10.0", "llama-index", "0.10"));
    }

    #[test]
    fn the_python_of_a_notebook() {
        let of = |metadata: &str| {
            recorded_python(&format!(r#"{{"cells": [], "metadata": {metadata}}}"#))
        };
        assert_eq!(
            of(r#"{"language_info": {"name": "python", "version": "3.8.10"}}"#),
            Some(vec![3, 8])
        );
        assert_eq!(
            of(r#"{"kernelspec": {"name": "python3", "display_name": "Python 3.10 - SDK v2"}}"#),
            Some(vec![3, 10])
        );
        assert_eq!(
            of(r#"{"kernelspec": {"name": "python38", "display_name": "lab"}}"#),
            Some(vec![3, 8])
        );
        assert_eq!(
            of(r#"{"kernelspec": {"name": "python3", "display_name": "Python 3"}}"#),
            None
        );
        assert_eq!(of("{}"), None);
    }
}
