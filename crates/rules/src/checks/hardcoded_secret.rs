//! `hardcoded-secret`: a key, a token or a password in the text of a cell.

use nbfix_ipynb::CellId;
use nbfix_lint::{Check, Findings, Level, Report};
use nbfix_python::ast::{Expr, ExprStringLiteral};
use nbfix_python::{AnyNodeRef, SourceOrderVisitor, TraversalSignal, range, string_value};
use nbfix_secrets::{Secret, What};
use nbfix_semantic::{Semantic, Unit};
use nbfix_text::{Edit, TextRange};

use crate::secrets::links::readable_until;
use crate::secrets::{Os, content, defaults, detector, os, told, variable};

pub(crate) const CHECK: Check = Check::Notebook(check);

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    let detector = detector(findings);
    for (id, cell) in semantic.notebook().ids() {
        let secrets = detector.find(&cell.source);
        if secrets.is_empty() {
            continue;
        }
        let units: Vec<&Unit<'a>> = semantic.units().iter().filter(|it| it.cell == id).collect();
        // What is a default is told by the rule for that.
        let known: Vec<TextRange> = match findings.runs("secret-default") {
            true => units
                .iter()
                .flat_map(|unit| defaults::of(semantic, unit, &detector))
                .map(|default| default.value)
                .collect(),
            false => Vec::new(),
        };
        for secret in &secrets {
            let at = TextRange::new(secret.range.start, secret.range.end);
            if !known.iter().any(|default| default.covers(at)) {
                findings.push(report(semantic, id, &units, secret, at));
            }
        }
    }
}

fn report(
    semantic: &Semantic<'_>,
    id: CellId,
    units: &[&Unit<'_>],
    secret: &Secret<'_>,
    at: TextRange,
) -> Report {
    let source = semantic
        .notebook()
        .cell(id)
        .map_or("", |cell| cell.source.as_str());
    let value = at.of(source);
    let report = told(Report::at(id, at), &secret.what, value);
    if let Some(day) = readable_until(source, at) {
        return report
            .says("link")
            .with("day", day)
            .level(Level::Note)
            .help("see that this file is meant for everybody; no other is reached by it");
    }
    let edits = units
        .iter()
        .find(|unit| unit.code.covers(at))
        .and_then(|unit| edits(semantic, unit, secret, at));
    edits.unwrap_or_default().into_iter().fold(
        report.with("variable", "the environment"),
        |report, edit| report.edit(id, edit),
    )
}

/// What puts a read of the environment in the place of a literal that is the secret and nothing else.
fn edits(
    semantic: &Semantic<'_>,
    unit: &Unit<'_>,
    secret: &Secret<'_>,
    at: TextRange,
) -> Option<Vec<Edit>> {
    let mut walk = Walk {
        source: unit.source,
        at,
        ancestors: Vec::new(),
        found: None,
    };
    walk.visit_body(unit.module.body());
    let (literal, role) = walk.found?;
    let own = match &secret.what {
        What::Shape(shape) => shape.env.as_deref(),
        What::Assigned { .. } => None,
    };
    let read = match role {
        Role::Environment(name) => format!("os.environ.get(\"{name}\", \"\")"),
        Role::Named(name) => {
            let name = variable(&name);
            // A name that says only what it is is that of any service.
            let is_plain = !name.contains('_')
                || matches!(name.as_str(), "API_KEY" | "API_TOKEN" | "AUTH_TOKEN");
            let name = own.filter(|_| is_plain).map_or(name, str::to_owned);
            // Every shell sets these, and to something else.
            let name = match name.as_str() {
                "PWD" | "OLDPWD" => "PASSWORD",
                "USER" | "USERNAME" | "LOGNAME" | "HOME" | "PATH" | "SHELL" | "HOST"
                | "HOSTNAME" => "APP_SECRET",
                name => name,
            };
            format!("os.environ.get(\"{name}\")")
        }
        Role::Unnamed => format!("os.environ.get(\"{}\")", own?),
    };
    let mut edits = vec![Edit::replace(literal, read)];
    match os(semantic, unit, literal.start())? {
        Os::Known => {}
        Os::Import(edit) => edits.push(edit),
    }
    Some(edits)
}

/// What a literal is for.
enum Role {
    /// The value of a variable, a parameter, a key.
    Named(String),
    /// What `os.environ["NAME"]` becomes.
    Environment(String),
    /// An argument without a name.
    Unnamed,
}

/// Looks for the literal whose content is exactly one place.
struct Walk<'s, 'a> {
    source: &'s str,
    at: TextRange,
    ancestors: Vec<AnyNodeRef<'a>>,
    found: Option<(TextRange, Role)>,
}

impl<'a> SourceOrderVisitor<'a> for Walk<'_, 'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        if !range(node).covers(self.at) {
            return TraversalSignal::Skip;
        }
        if let AnyNodeRef::ExprStringLiteral(literal) = node {
            self.literal(literal);
        }
        self.ancestors.push(node);
        TraversalSignal::Traverse
    }

    fn leave_node(&mut self, node: AnyNodeRef<'a>) {
        // What was skipped was not pushed.
        let is_last = self
            .ancestors
            .last()
            .is_some_and(|last| last.kind() == node.kind() && range(*last) == range(node));
        if is_last {
            self.ancestors.pop();
        }
    }
}

impl<'a> Walk<'_, 'a> {
    fn literal(&mut self, literal: &'a ExprStringLiteral) {
        let place = range(literal);
        let whole = self.ancestors.last().copied();
        let expr = Expr::StringLiteral(literal.clone());
        if content(self.source, &expr) != Some(self.at) {
            return;
        }
        let is_this = |expr: &Expr| range(expr) == place;
        let role = match whole {
            Some(AnyNodeRef::Keyword(keyword)) => keyword
                .arg
                .as_ref()
                .map(|name| Role::Named(name.to_string())),
            Some(AnyNodeRef::Arguments(_)) => Some(Role::Unnamed),
            Some(AnyNodeRef::StmtAssign(assign)) if is_this(&assign.value) => {
                match &assign.targets[..] {
                    [target] => of_target(target),
                    _ => None,
                }
            }
            Some(AnyNodeRef::StmtAnnAssign(assign)) => of_target(&assign.target),
            Some(AnyNodeRef::ExprDict(dict)) => dict.items.iter().find_map(|item| {
                let key = item.key.as_ref().filter(|_| is_this(&item.value))?;
                Some(Role::Named(string_value(key)?.to_owned()))
            }),
            Some(AnyNodeRef::ParameterWithDefault(parameter)) => {
                Some(Role::Named(parameter.parameter.name.to_string()))
            }
            _ => None,
        };
        self.found = role.map(|role| (place, role));
    }
}

fn of_target(target: &Expr) -> Option<Role> {
    match target {
        Expr::Name(name) => Some(Role::Named(name.id.to_string())),
        Expr::Attribute(attribute) => Some(Role::Named(attribute.attr.to_string())),
        Expr::Subscript(subscript) => {
            let name = string_value(&subscript.slice)?.to_owned();
            let is_environment = match &*subscript.value {
                Expr::Attribute(attribute) => attribute.attr.as_str() == "environ",
                Expr::Name(name) => name.id.as_str() == "environ",
                _ => false,
            };
            Some(match is_environment {
                true => Role::Environment(name),
                false => Role::Named(name),
            })
        }
        _ => None,
    }
}
