//! Versions of packages that a notebook asks for: in its cells, and in the requirements beside it.

use nbfix_semantic::Semantic;
use regex::Regex;

/// Whether the notebook asks for a version of `package` below `since`, so that what `since` took away is still there.
/// All cells count, comments and texts too: who names an old version there knows of it.
pub(crate) fn asks_for_older(semantic: &Semantic<'_>, package: &str, since: &str) -> bool {
    let requirements = semantic.requirements().unwrap_or_default();
    let cells = semantic.notebook().cells();
    let texts = cells.iter().map(|cell| cell.source.as_str());
    let mut texts = texts.chain(requirements.iter().map(String::as_str));
    texts.any(|text| names_older(text, package, since))
}

fn names_older(text: &str, package: &str, since: &str) -> bool {
    // Most texts end here; names are spelled in either case and with either dash.
    let stem = package.split(['-', '_']).next().unwrap_or(package);
    let holds = |stem: &str| memchr::memmem::find(text.as_bytes(), stem.as_bytes()).is_some();
    if !holds(stem) && !holds(&stem.to_lowercase()) {
        return false;
    }
    let name = package.replace(['-', '_'], "[-_.]");
    let pattern = format!(
        r#"(?im)(?:^|[\s"'(,=]){name}(?:\[[^\]\n]*\])?["']?((?:[ ,]*(?:===?|~=|<=?|>=?|!=)[ "']*v?\d[\w.*]*)+)"#
    );
    let Ok(pattern) = Regex::new(&pattern) else {
        return false;
    };
    let Ok(bound) = Regex::new(r"(===?|~=|<=?)[ ']*v?(\d+(?:\.\d+)*)(\.?(?:a|b|rc|dev)\d)?") else {
        return false;
    };
    pattern.captures_iter(text).any(|found| {
        bound.captures_iter(&found[1]).any(|bound| {
            let asked = version(&bound[2]);
            match &bound[1] {
                "<" => asked <= version(since),
                // A preview of a version comes before it.
                _ if bound.get(3).is_some() => asked <= version(since),
                _ => asked < version(since),
            }
        })
    })
}

/// The numbers of a version, zeros at the end left off.
fn version(text: &str) -> Vec<u64> {
    let mut numbers: Vec<u64> = text
        .split('.')
        .map_while(|part| part.parse().ok())
        .collect();
    while numbers.last() == Some(&0) {
        numbers.pop();
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_below_are_told_from_others() {
        let older = |text: &str| names_older(text, "openai", "1.0");
        assert!(older("%pip install openai==0.28"));
        assert!(older("!pip install -q \"openai<1\" tiktoken"));
        assert!(older("openai>=0.27,<1.0.0"));
        assert!(older("openai ~= 0.27.8"));
        assert!(older("openai[datalib]==0.28.1"));
        assert!(!older("%pip install openai==1.3.5"));
        assert!(older("%pip install openai==1.0.0b3"));
        assert!(!older("%pip install openai==1.1.0rc1"));
        assert!(!older("%pip install openai>=0.27"));
        assert!(!older("%pip install openai<2"));
        assert!(!older("langchain-openai==0.1"));
        assert!(names_older("llama_index==0.9.48", "llama-index", "0.10"));
        assert!(!names_older("llama-index==0.10.0", "llama-index", "0.10"));
    }
}
