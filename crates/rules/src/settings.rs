//! What users say about particular rules, in the sections of their configuration.

use std::sync::LazyLock;

use nbfix_lint::Findings;
use serde::Deserialize;

/// The sections that rules read. What is not said has its default.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The day on which the documents are judged; without one, nothing that depends on it is told.
    pub today: Option<crate::Date>,
    /// `[models]`
    pub models: Models,
    /// `[endpoints]`
    pub endpoints: Endpoints,
    /// `[services.ID]`
    pub services: crate::Services,
    /// `[fix]`
    pub fix: FixSettings,
    /// `[functions]`
    pub functions: Functions,
    /// `[secrets]`
    pub secrets: crate::SecretSettings,
    /// The oldest Python that the documents must run on.
    #[serde(rename = "target-python")]
    pub target_python: Option<TargetPython>,
    /// `[packages]`
    pub packages: Packages,
}

/// A version of Python, written `"3.10"`: 3.7 to 3.15.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(try_from = "String")]
pub struct TargetPython {
    /// The number behind the point.
    pub minor: u8,
}

impl TryFrom<String> for TargetPython {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let minor = text.strip_prefix("3.").and_then(|it| it.parse().ok());
        match minor {
            Some(minor @ 7..=15) => Ok(Self { minor }),
            _ => Err(format!(
                "`{text}` is no version of Python that nbfix knows, which are \"3.7\" to \"3.15\""
            )),
        }
    }
}

/// `[models]`: what the rules about models go by.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Models {
    /// The successor of a model, by its name.
    pub replace: std::collections::BTreeMap<String, String>,
    /// Names that are never told: a `*` stands for any text.
    pub allow: Vec<String>,
    /// Models of one's own, and what is better known than the table says.
    pub extra: Vec<OwnModel>,
    /// Whether the fix of `hardcoded-model` also asks the service which models it has.
    pub discover: bool,
}

impl Models {
    /// Whether a name is never told.
    pub(crate) fn allows(&self, name: &str) -> bool {
        self.allow.iter().any(|pattern| matches(pattern, name))
    }
}

/// When a model ends, as the user knows it.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct OwnModel {
    /// Who serves it, in the word of `rules/data/models.csv`: `openai`, `azure`, ...
    pub provider: ProviderWord,
    /// Its name, as it is asked for.
    pub model: String,
    /// The day on which it is shut down; without one it is not, whatever the table says.
    pub shutdown: Option<crate::Date>,
    /// What takes its place.
    #[serde(default)]
    pub successor: String,
    /// Whether it makes pictures or films, whose successors take other arguments: `image` or `video`.
    #[serde(default)]
    pub mode: String,
    /// Who says so.
    #[serde(default)]
    pub source: String,
    /// The day on which that was true, written `2026-11-21`.
    #[serde(default)]
    pub as_of: String,
}

/// A provider that the table knows.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "String")]
pub struct ProviderWord(String);

impl ProviderWord {
    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ProviderWord {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let words = crate::retirement::PROVIDERS.map(|(word, _)| word);
        if words.contains(&text.as_str()) {
            return Ok(Self(text));
        }
        let words = words.join("`, `");
        Err(format!(
            "`{text}` is no provider that nbfix knows, which are `{words}`"
        ))
    }
}

/// `[endpoints]`: what the rules about addresses go by.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Endpoints {
    /// Hosts that are never told: a `*` stands for any text.
    pub allow: Vec<String>,
}

impl Endpoints {
    /// Whether a host is never told; case does not matter in hosts.
    pub(crate) fn allows(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let mut patterns = self.allow.iter().map(|it| it.to_ascii_lowercase());
        patterns.any(|pattern| matches(&pattern, &host))
    }
}

/// Whether a text is of a form in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut left) = text.strip_prefix(start) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        match left.find(part) {
            Some(at) => left = &left[at + part.len()..],
            None => return false,
        }
    }
    left.ends_with(end)
}

/// `[fix]`: the form of what fixes write.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct FixSettings {
    /// How a cell goes on without a service.
    pub style: DegradeStyle,
}

/// How a cell goes on without a service.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum DegradeStyle {
    /// Everything stands in the cell itself.
    #[default]
    Inline,
    /// One cell defines a helper, and the others use it.
    Helper,
}

/// `[functions]`: function apps.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Functions {
    /// How a function is registered that nothing registers.
    pub style: FunctionStyle,
}

/// How a function is registered that nothing registers.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum FunctionStyle {
    /// By a decorator, where it stands.
    #[default]
    Decorator,
    /// By a function in `function_app.py` that calls it.
    Wrapper,
    /// By a blueprint of its module.
    Blueprint,
}

/// `[packages]`: what is known of libraries.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Packages {
    /// The distribution that brings a module, by the module's dotted name.
    pub names: std::collections::BTreeMap<String, String>,
    /// Where a module has moved, by its old dotted name.
    pub moved: std::collections::BTreeMap<String, String>,
    /// Distributions of which the rules on libraries tell nothing.
    pub ignore: Vec<String>,
}

impl Packages {
    /// Whether the rules tell nothing of this distribution. Case, dashes and underscores make no difference, as for pip.
    pub(crate) fn ignores(&self, package: &str) -> bool {
        let plain = |name: &str| name.to_lowercase().replace(['_', '.'], "-");
        let mut ignored = self.ignore.iter();
        ignored.any(|name| plain(name) == plain(package))
    }
}

static DEFAULT: LazyLock<Settings> = LazyLock::new(Settings::default);

impl Settings {
    /// The settings of the run that these findings belong to.
    pub fn of<'f>(findings: &'f Findings<'_>) -> &'f Settings {
        findings.settings().unwrap_or(&DEFAULT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_text() {
        for (pattern, text) in [
            ("my-*", "my-gpt"),
            ("*", ""),
            ("*.internal.invalid", "a.b.internal.invalid"),
            ("gpt-*-mini*", "gpt-4o-mini-2024"),
            ("gpt-4", "gpt-4"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("my-*", "our-gpt"),
            ("gpt-4", "gpt-4o"),
            ("a*a", "a"),
            ("*.internal.invalid", "internal.invalid"),
            ("gpt-*-mini", "gpt-4o-minis"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
