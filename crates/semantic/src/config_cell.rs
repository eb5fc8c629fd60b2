//! Which cell is the configuration cell: the one where a reader expects to set names.

use nbfix_ipynb::{CellId, CellKind};
use nbfix_python::ast::{Expr, Stmt};
use nbfix_python::{dotted, range};

use crate::{ProgramId, Semantic, Unit};

/// The configuration cell of a notebook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Configuration {
    /// Position of its unit (see [`Unit::index`]).
    pub unit: usize,
    /// The cell.
    pub cell: CellId,
    /// What tells it.
    pub sign: ConfigurationSign,
    /// How many of its statements set a constant or read one from the environment.
    pub settings: usize,
    /// How many of its other statements are no imports.
    pub others: usize,
}

impl Configuration {
    /// Whether the cell is there to set names: it is marked as such, or does little else.
    pub fn is_certain(&self) -> bool {
        self.sign != ConfigurationSign::Assignments || self.settings >= self.others
    }
}

/// What tells that a cell is the configuration cell; what tells more comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConfigurationSign {
    /// The tag `parameters`, by which papermill finds it.
    Tag,
    /// A `# @param` comment, of which Colab makes a form.
    Form,
    /// A heading in the Markdown just above: "Configuration", "Setup", "Parameters", "0. ..."; and the cell sets names more
    /// than it does anything else.
    Title,
    /// It is the first cell that sets a constant.
    Assignments,
}

/// Words of a heading that announce settings.
const TITLE_WORDS: &[&str] = &[
    "config",
    "configs",
    "configuration",
    "configurations",
    "configure",
    "constants",
    "initialization",
    "initialize",
    "parameters",
    "settings",
    "setup",
    "variables",
];

/// Words of a heading that say nothing about what it announces.
const EMPTY_WORDS: &[&str] = &[
    "a", "all", "and", "for", "of", "our", "some", "step", "the", "this", "your", "notebook",
];

impl Semantic<'_> {
    /// The configuration cell of the document, by the best sign that any cell bears; of equals the first.
    pub fn configuration_cell(&self) -> Option<Configuration> {
        self.configuration_cell_above(usize::MAX, usize::MAX)
    }

    /// The same among what stands above the offset of the unit: what is set there can be used at that place. Cells that
    /// do not parse, and tagged cells without any statement above the place, are passed over.
    pub fn configuration_cell_above(&self, unit: usize, offset: usize) -> Option<Configuration> {
        self.units_of(ProgramId::DOCUMENT)
            .filter(|each| each.index <= unit && each.module.errors().is_empty())
            .filter_map(|each| {
                let limit = if each.index == unit {
                    offset
                } else {
                    usize::MAX
                };
                self.configuration(each, limit)
            })
            .min_by_key(|found| (found.sign, found.unit))
    }

    fn configuration(&self, unit: &Unit<'_>, limit: usize) -> Option<Configuration> {
        let above = unit
            .module
            .body()
            .iter()
            .take_while(|stmt| range(*stmt).end() <= limit);
        let mut settings = 0;
        let mut others = 0;
        for stmt in above {
            if is_setting(stmt) {
                settings += 1;
            } else if !is_import(stmt) {
                others += 1;
            }
        }
        if settings == 0 {
            return None;
        }
        let tagged = || {
            let tags = self.notebook().cell_tags(unit.cell);
            tags.iter().any(|tag| tag == "parameters")
        };
        let sign = if tagged() {
            ConfigurationSign::Tag
        } else if has_form(unit.source) {
            ConfigurationSign::Form
        } else if settings >= others && self.is_titled(unit.cell) {
            ConfigurationSign::Title
        } else {
            ConfigurationSign::Assignments
        };
        Some(Configuration {
            unit: unit.index,
            cell: unit.cell,
            sign,
            settings,
            others,
        })
    }

    /// Whether the last heading of the Markdown directly above announces settings.
    fn is_titled(&self, cell: CellId) -> bool {
        let cells = self.notebook().cells();
        let above = cells.get(..cell.index()).unwrap_or_default();
        let markdown = above
            .iter()
            .rev()
            .take_while(|cell| cell.kind == CellKind::Markdown);
        let headings = markdown.flat_map(|cell| {
            let mut lines: Vec<&str> = cell.source.lines().collect();
            lines.reverse();
            lines
        });
        headings
            .map(str::trim)
            .find(|line| line.starts_with('#'))
            .is_some_and(announces_settings)
    }
}

/// Whether a heading speaks of settings, or is numbered with a zero.
///
/// A heading is a line of Markdown, or a comment: `# Configuration`.
pub fn announces_settings(heading: &str) -> bool {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let number: String = text.chars().take_while(char::is_ascii_digit).collect();
    if !number.is_empty() && number.chars().all(|c| c == '0') {
        return true;
    }
    let words: Vec<&str> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty() && !word.chars().all(|c| c.is_numeric()))
        .filter(|word| !EMPTY_WORDS.contains(word))
        .collect();
    // A longer heading is about something else, of which the settings are a part.
    let is_short = words.len() <= 3;
    let names = words.iter().any(|word| TITLE_WORDS.contains(word));
    let set_up = words.windows(2).any(|pair| pair == ["set", "up"]);
    is_short && (names || set_up)
}

/// Whether a form comment stands behind an assignment.
fn has_form(source: &str) -> bool {
    source.lines().any(|line| {
        let comments = line.match_indices('#').map(|(at, _)| line.split_at(at));
        comments.into_iter().any(|(before, comment)| {
            let comment = comment.trim_start_matches('#').trim_start();
            comment.starts_with("@param") && before.contains('=')
        })
    })
}

/// Whether the statement is an import.
pub fn is_import(stmt: &Stmt) -> bool {
    matches!(stmt, Stmt::Import(_) | Stmt::ImportFrom(_))
}

/// `NAME = constant` or `NAME = os.environ...`: what a configuration cell is made of.
pub fn is_setting(stmt: &Stmt) -> bool {
    let (target, value) = match stmt {
        Stmt::Assign(assign) => match assign.targets.as_slice() {
            [one] => (one, &*assign.value),
            _ => return false,
        },
        Stmt::AnnAssign(assign) => match &assign.value {
            Some(value) => (&*assign.target, &**value),
            None => return false,
        },
        _ => return false,
    };
    matches!(target, Expr::Name(_)) && is_constant(value)
}

fn is_constant(value: &Expr) -> bool {
    match value {
        Expr::StringLiteral(_) | Expr::NumberLiteral(_) | Expr::BooleanLiteral(_) => true,
        Expr::UnaryOp(minus) => matches!(&*minus.operand, Expr::NumberLiteral(_)),
        Expr::BoolOp(either) => either.values.iter().all(is_constant),
        Expr::Call(call) => {
            let parts = dotted(&*call.func)
                .map(|(_, parts)| parts)
                .unwrap_or_default();
            matches!(parts.last(), Some(&"getenv")) || parts.contains(&"environ")
        }
        Expr::Subscript(subscript) => {
            dotted(&*subscript.value).is_some_and(|(_, parts)| parts.last() == Some(&"environ"))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_that_announce_settings() {
        for heading in [
            "# Configuration",
            "## 1. Set up",
            "### Setup",
            "# Parameters",
            "<a id='0'></a>### 0\u{fe0f}\u{20e3} Initialize notebook variables",
            "# 0. Before you start",
            "## Notebook settings:",
            "## Step 1: Set up the environment",
            "### Imports and initial setup",
        ] {
            let heading = heading.trim_start_matches(|c| c != '#');
            assert!(announces_settings(heading), "{heading}");
        }
        for heading in [
            "# Ask the model",
            "## 10. Results",
            "# How to set a goal",
            "### Set up your API key for tracing",
            "# What the parameters of a large model mean for its cost",
        ] {
            assert!(!announces_settings(heading), "{heading}");
        }
    }
}
