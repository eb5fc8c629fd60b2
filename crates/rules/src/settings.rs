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
    /// `[services.ID]`
    pub services: std::collections::BTreeMap<String, crate::Service>,
    /// `[fix]`
    pub fix: FixSettings,
    /// `[functions]`
    pub functions: Functions,
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

/// `[models]`: which models take the place of which.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Models {
    /// The successor of a model, by its name.
    pub replace: std::collections::BTreeMap<String, String>,
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
