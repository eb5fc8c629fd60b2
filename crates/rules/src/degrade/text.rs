//! The texts of the degrade fix, and where they go.

use std::collections::BTreeMap;

use nbfix_python::ast::{Expr, ExprRef, Stmt};
use nbfix_python::{AnyNodeRef, SourceOrderVisitor, TraversalSignal, dotted, is_stdlib, range};
use nbfix_semantic::{BindingKind, Semantic, Unit};
use nbfix_text::{Edit, TextRange};

use super::{Site, helper};
use crate::outage::Outage;
use crate::settings::DegradeStyle;

/// What `str.splitlines` takes for a line break besides `\n` and `\r`.
const OTHER_LINE_BREAKS: &[char] = &[
    '\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}', '\u{2029}', '\0',
];

/// How many names stand in one line of assignments.
const NAMES_IN_A_LINE: usize = 6;

/// How the label of a package begins.
pub(super) const PACKAGE: &str = "the package ";

/// A test, and what is missing where it does not hold.
pub(super) type Test = (String, String);

/// Statements of a cell that go into a block of their own.
pub(super) struct Block<'b, 'a> {
    pub(super) semantic: &'b Semantic<'a>,
    pub(super) unit: &'b Unit<'a>,
    /// The first and the last statement, by position.
    pub(super) from: usize,
    pub(super) to: usize,
    /// What they bind.
    pub(super) names: Vec<&'a str>,
    /// Those of them that bind what is there in any case.
    pub(super) kept: Vec<&'b Stmt>,
}

impl<'a> Block<'_, 'a> {
    /// The edits that let the statements fail where the site's service is missing. `tests` are what they need besides;
    /// `known` says that the reader has been told already how to mend the service. `None` if they cannot be wrapped
    /// without changing what they mean.
    pub(super) fn site(
        &self,
        site: &Site,
        tests: &[Test],
        style: DegradeStyle,
        known: bool,
    ) -> Option<Vec<Edit>> {
        let outage = &site.outage;
        let mut opening = match style {
            DegradeStyle::Inline => "try:\n".to_owned(),
            DegradeStyle::Helper => format!(
                "{}\n",
                helper::opening(outage, &self.kept_names(&outage.flag))
            ),
        };
        for (test, label) in tests {
            let text = quoted(&format!("{label} is not available"));
            opening.push_str(&format!(
                "    if {}:\n        raise LookupError({text})\n",
                negated(test)
            ));
        }
        // Where the flag is asked for, an earlier step has looked already.
        let looked = tests.iter().any(|(test, _)| *test == outage.flag);
        for line in outage.first.iter().filter(|_| !looked) {
            opening.push_str(&format!("    {line}\n"));
        }
        let closing = match style {
            DegradeStyle::Inline => self.handler(outage, known),
            DegradeStyle::Helper => self.kept_lines("\n"),
        };
        self.wrapped(&opening, &closing, &site.replacements)
    }

    /// The edits that skip the statements where something is missing: `labels` name it, `made` is a line
    /// that stands before them.
    pub(super) fn guard(
        &self,
        tests: &[Test],
        labels: &[&str],
        made: Option<&str>,
        style: DegradeStyle,
    ) -> Option<Vec<Edit>> {
        if style == DegradeStyle::Helper
            && let Some(opening) = helper::guard(tests, &self.kept_names(""))
        {
            return self.wrapped(&format!("{opening}\n"), &self.kept_lines("\n"), &[]);
        }
        let made = made.map_or_else(String::new, |line| format!("{line}\n"));
        let condition: Vec<&str> = tests.iter().map(|(test, _)| test.as_str()).collect();
        let opening = format!("{made}if {}:\n", condition.join(" and "));
        let told = quoted(&format!("[SKIP] this step needs {}", all_of(labels)));
        let mut lines = vec![
            String::new(),
            "else:".to_owned(),
            format!("    print({told})"),
        ];
        lines.extend(self.fallback(""));
        self.wrapped(&opening, &lines.join("\n"), &[])
    }

    fn statements(&self) -> &[Stmt] {
        self.unit
            .module
            .body()
            .get(self.from..=self.to)
            .unwrap_or_default()
    }

    /// The statements in a block between these texts.
    fn wrapped(&self, opening: &str, closing: &str, replacements: &[Edit]) -> Option<Vec<Edit>> {
        let body = self.unit.module.body();
        let statements = self.statements();
        let region = range(statements.first()?).cover(range(statements.last()?));
        let start = line_start(self.unit.source, region.start());
        let end = line_end(self.unit.source, region.end());
        let alone = stands_alone(self.unit.source, body, self.from, self.to);
        if !alone || statements.iter().any(cannot_be_indented) {
            return None;
        }
        let mut more: BTreeMap<usize, String> = BTreeMap::new();
        let mut shown = String::new();
        if self.to + 1 == body.len() {
            show_last(
                self.semantic,
                self.unit,
                statements.last()?,
                end,
                &mut more,
                &mut shown,
            );
        }
        shown.push_str(closing);
        let mut edits: Vec<Edit> = replacements.to_vec();
        edits.extend(more.into_iter().map(|(at, text)| Edit::insert(at, text)));
        indented(self.unit, start, end, opening, &shown, &edits)
    }

    fn handler(&self, outage: &Outage, known: bool) -> String {
        let flag = &outage.flag;
        let told = format!(
            "[WARN] {} unavailable - %s: %s",
            outage.label.replace('%', "%%")
        );
        let mut lines = vec![String::new()];
        if !known {
            // A later step of the same service does not make good what an earlier one could not do.
            lines.push(format!("    {flag} = True"));
        }
        lines.extend([
            "except (NameError, TypeError, AttributeError, AssertionError):".to_owned(),
            "    raise  # a bug in the code, not a missing service".to_owned(),
            "except Exception as _exc:".to_owned(),
            format!(
                "    print({} % (type(_exc).__name__, (str(_exc).splitlines() or [''])[0][:300]))",
                quoted(&told)
            ),
        ]);
        if !known {
            // Every missing thing is explained once.
            let mut section = |title: &str, steps: &[String]| {
                if !steps.is_empty() {
                    lines.push(format!("    print({})", quoted(&format!("  {title}:"))));
                    let step =
                        |step: &String| format!("    print({})", quoted(&format!("    {step}")));
                    lines.extend(steps.iter().map(step));
                }
            };
            section("TO FIX VIA CLI", &outage.cli);
            section("TO FIX VIA PORTAL", &outage.portal);
            lines.push(format!(
                "    print({})",
                quoted(&format!("  Impact: {}", outage.impact))
            ));
        }
        lines.push(format!("    {flag} = False"));
        lines.extend(self.fallback(flag));
        lines.join("\n")
    }

    /// The lines that give the names a value where the statements did not run.
    fn fallback(&self, flag: &str) -> Vec<String> {
        let kept = self.kept_lines("\n    ");
        // Later cells may count on them.
        let mut lines: Vec<String> = kept.lines().skip(1).map(str::to_owned).collect();
        let names = self.kept_names(flag);
        lines.extend(
            names
                .chunks(NAMES_IN_A_LINE)
                .map(|chunk| format!("    {} = None", chunk.join(" = "))),
        );
        lines
    }

    /// The statements that are kept, each behind `before`.
    fn kept_lines(&self, before: &str) -> String {
        let text = |stmt: &&Stmt| format!("{before}{}", range(*stmt).of(self.unit.source));
        self.kept.iter().map(text).collect()
    }

    /// The names that need a value where the statements did not run.
    fn kept_names(&self, flag: &str) -> Vec<&'a str> {
        let imported = |name: &str| {
            self.kept.iter().any(|stmt| {
                self.semantic
                    .bound_within(self.unit, range(*stmt))
                    .contains(&name)
            })
        };
        self.names
            .iter()
            .copied()
            .filter(|name| *name != flag && !imported(name))
            .collect()
    }
}

/// The edits that indent the lines from `start` to `end`, with a text before them and one behind. `edits` are edits
/// inside. `None` if the lines cannot be indented.
pub(super) fn indented(
    unit: &Unit<'_>,
    start: usize,
    end: usize,
    opening: &str,
    closing: &str,
    edits: &[Edit],
) -> Option<Vec<Edit>> {
    // Of a cell that does not parse, the tree is a guess. And IPython breaks lines where Python does not.
    if !unit.module.errors().is_empty() || unit.source.contains(OTHER_LINE_BREAKS) {
        return None;
    }
    let (inner, replacements): (Vec<&Edit>, Vec<&Edit>) =
        edits.iter().partition(|edit| edit.range.is_empty());
    let strings = unit.module.multiline_strings(unit.source);
    let untouched = |at: usize| {
        let inside = |range: TextRange| range.start() < at && at < range.end();
        strings
            .iter()
            .any(|string| inside(*string) || string.contains(at) && string.start() < at)
            || replacements.iter().any(|edit| inside(edit.range))
    };
    let mut inserts: BTreeMap<usize, String> = BTreeMap::new();
    for line in line_starts(unit.source, TextRange::new(start, end)) {
        let text = unit.source.get(line..).unwrap_or_default();
        let is_blank = text.lines().next().unwrap_or_default().trim().is_empty();
        if !is_blank && !untouched(line) {
            inserts.insert(line, "    ".to_owned());
        }
    }
    inserts.entry(start).or_default().insert_str(0, opening);
    for edit in inner {
        inserts
            .entry(edit.range.start())
            .or_default()
            .push_str(&edit.insert);
    }
    inserts.entry(end).or_default().push_str(closing);
    inserts.retain(|_, text| !text.is_empty());
    let crlf = unit.source.contains("\r\n");
    let finish = |text: String| {
        if crlf {
            text.replace('\n', "\r\n")
        } else {
            text
        }
    };
    let mut all: Vec<Edit> = inserts
        .into_iter()
        .map(|(at, text)| Edit::insert(at, finish(text)))
        .collect();
    all.extend(
        replacements
            .into_iter()
            .map(|edit| Edit::replace(edit.range, finish(edit.insert.clone()))),
    );
    Some(all)
}

/// The statements from the first that stands on the line of `from` to the last on that of `to`.
pub(super) fn whole_lines(unit: &Unit<'_>, mut from: usize, mut to: usize) -> (usize, usize) {
    let body = unit.module.body();
    while from > 0 && !apart(unit.source, body, from - 1) {
        from -= 1;
    }
    while to + 1 < body.len() && !apart(unit.source, body, to) {
        to += 1;
    }
    (from, to)
}

/// Whether a line break stands between a statement and the next one.
fn apart(source: &str, body: &[Stmt], index: usize) -> bool {
    match (body.get(index), body.get(index + 1)) {
        (Some(earlier), Some(later)) => TextRange::new(range(earlier).end(), range(later).start())
            .of(source)
            .contains('\n'),
        _ => true,
    }
}

/// `A, B and C`; packages stand together, and first: `the packages a and b, C and D`.
pub(super) fn all_of(labels: &[&str]) -> String {
    fn listed(parts: &[&str]) -> String {
        match parts {
            [] => String::new(),
            [one] => (*one).to_owned(),
            [others @ .., last] => format!("{} and {last}", others.join(", ")),
        }
    }
    let packages: Vec<&str> = labels
        .iter()
        .filter_map(|label| label.strip_prefix(PACKAGE))
        .collect();
    let mut parts: Vec<&str> = labels
        .iter()
        .copied()
        .filter(|label| !label.starts_with(PACKAGE))
        .collect();
    let together = match packages.as_slice() {
        [] => String::new(),
        [one] => format!("{PACKAGE}{one}"),
        several => format!("the packages {}", listed(several)),
    };
    if !together.is_empty() {
        parts.insert(0, &together);
    }
    listed(&parts)
}

fn negated(test: &str) -> String {
    match test.strip_suffix(" is not None") {
        Some(name) => format!("{name} is None"),
        None => format!("not {test}"),
    }
}

/// Whether the region's first and last lines hold no other statement.
pub(super) fn stands_alone(source: &str, body: &[Stmt], from: usize, to: usize) -> bool {
    (from == 0 || apart(source, body, from - 1)) && apart(source, body, to)
}

/// What only works at the very start of a line, or must come first in its cell.
fn cannot_be_indented(stmt: &Stmt) -> bool {
    match stmt {
        Stmt::ImportFrom(import) => import
            .module
            .as_ref()
            .is_some_and(|module| module == "__future__"),
        Stmt::IpyEscapeCommand(escape) => escape.kind.is_help(),
        _ => false,
    }
}

/// A cell shows the value of its last expression. Indented, it would not: so it is shown by hand.
fn show_last(
    semantic: &Semantic<'_>,
    unit: &Unit<'_>,
    last: &Stmt,
    line_end: usize,
    inserts: &mut BTreeMap<usize, String>,
    closing: &mut String,
) {
    let Stmt::Expr(statement) = last else { return };
    let value = &*statement.value;
    let at = range(statement);
    let silenced = TextRange::new(at.end(), line_end)
        .of(unit.source)
        .trim_start()
        .starts_with(';');
    if silenced || shows_itself(semantic, unit, value) {
        return;
    }
    if matches!(value, Expr::Call(_) | Expr::Await(_)) && !gives_something(semantic, unit, value) {
        // A call may give None, which a cell does not show.
        inserts.entry(at.start()).or_default().push_str("_shown = ");
        closing.push_str("\n    if _shown is not None:\n        display(_shown)");
    } else {
        inserts.entry(at.start()).or_default().push_str("display(");
        inserts.entry(at.end()).or_default().push(')');
    }
}

/// Whether the value is surely not None: the call of a function of Python's own.
fn gives_something(semantic: &Semantic<'_>, unit: &Unit<'_>, value: &Expr) -> bool {
    const GIVERS: [&str; 16] = [
        "abs", "bool", "dict", "float", "int", "len", "list", "max", "min", "repr", "round", "set",
        "sorted", "str", "sum", "tuple",
    ];
    let Expr::Call(call) = value else {
        return false;
    };
    let Expr::Name(name) = &*call.func else {
        return false;
    };
    let name = name.id.as_str();
    GIVERS.contains(&name) && !semantic.is_bound(unit.program, name)
}

fn shows_itself(semantic: &Semantic<'_>, unit: &Unit<'_>, value: &Expr) -> bool {
    match value {
        Expr::Await(awaited) => match &*awaited.value {
            Expr::Call(call) => gives_nothing(semantic, unit, &call.func, true),
            _ => false,
        },
        Expr::Call(call) if gives_nothing(semantic, unit, &call.func, false) => true,
        Expr::Call(call) => {
            let path = semantic.qualified(unit, &*call.func).or_else(|| {
                let (_, parts) = dotted(ExprRef::from(&*call.func))?;
                Some(parts.join("."))
            });
            path.is_some_and(|path| {
                let last = path.rsplit('.').next().unwrap_or_default();
                matches!(
                    last,
                    "print" | "display" | "show" | "pprint" | "append" | "extend" | "close"
                )
            })
        }
        Expr::NoneLiteral(_) | Expr::EllipsisLiteral(_) => true,
        _ => false,
    }
}

/// Whether the name is that of functions of the notebook none of which returns anything.
fn gives_nothing(semantic: &Semantic<'_>, unit: &Unit<'_>, function: &Expr, awaited: bool) -> bool {
    let Expr::Name(name) = function else {
        return false;
    };
    let bindings = semantic.bindings(unit.program, name.id.as_str());
    !bindings.is_empty()
        && bindings.iter().all(|binding| match binding.kind {
            BindingKind::Function(function) => {
                let mut gives = Gives(false);
                gives.visit_body(&function.body);
                !gives.0 && function.is_async == awaited && function.decorator_list.is_empty()
            }
            _ => false,
        })
}

/// Whether statements return or yield something.
struct Gives(bool);

impl<'a> SourceOrderVisitor<'a> for Gives {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        match node {
            AnyNodeRef::StmtFunctionDef(_)
            | AnyNodeRef::StmtClassDef(_)
            | AnyNodeRef::ExprLambda(_) => return TraversalSignal::Skip,
            AnyNodeRef::StmtReturn(each) => self.0 |= each.value.is_some(),
            AnyNodeRef::ExprYield(_) | AnyNodeRef::ExprYieldFrom(_) => self.0 = true,
            _ => {}
        }
        TraversalSignal::Traverse
    }
}

/// An import of modules that Python itself brings.
pub(crate) fn is_stdlib_import(stmt: &Stmt) -> bool {
    match stmt {
        Stmt::Import(import) => import
            .names
            .iter()
            .all(|alias| is_stdlib(alias.name.as_str())),
        Stmt::ImportFrom(import) => {
            import.level == 0
                && import
                    .module
                    .as_ref()
                    .is_some_and(|module| is_stdlib(module.as_str()) && module != "__future__")
        }
        _ => false,
    }
}

/// A Python string literal. Templates are pure ASCII, whatever the table holds.
pub(crate) fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut out = String::from(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            c if c.is_ascii() && !c.is_ascii_control() => out.push(c),
            c => out.push_str(&format!("\\U{:08x}", c as u32)),
        }
    }
    out.push(quote);
    out
}

/// The start of the line that holds `at`.
pub(crate) fn line_start(source: &str, at: usize) -> usize {
    source
        .get(..at)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |newline| newline + 1)
}

/// The end of the line that holds `at`, before its line break.
pub(crate) fn line_end(source: &str, at: usize) -> usize {
    let rest = source.get(at..).unwrap_or_default();
    let line = rest.find('\n').map_or(rest, |newline| &rest[..newline]);
    at + line.trim_end_matches('\r').len()
}

/// The starts of the lines that begin in `range`, its first line included.
fn line_starts(source: &str, range: TextRange) -> impl Iterator<Item = usize> {
    let text = range.of(source);
    let breaks = text
        .match_indices('\n')
        .map(move |(at, _)| range.start() + at + 1);
    std::iter::once(range.start()).chain(breaks)
}
