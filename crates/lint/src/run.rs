//! Running rules over one document.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use nbfix_python::{AnyNodeRef, SourceOrderVisitor, TraversalSignal};
use nbfix_semantic::{ProgramId, ProgramKind, Semantic, Unit};
use nbfix_text::Edit;

use crate::finding::sort;
use crate::{Check, Context, Document, Finding, Findings, PatternCheck, RuleSet, Selected};

/// What a run over one document gave.
#[derive(Debug, Default)]
pub struct Linted {
    /// In the order of the document; within a place by rule name.
    pub findings: Vec<Finding>,
    /// Rules that panicked; their findings up to then are kept, they were not asked again.
    pub crashes: Vec<Crash>,
}

/// A rule that panicked: a bug of nbfix, told instead of hidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crash {
    /// The rule's name.
    pub rule: &'static str,
    /// What the panic said.
    pub message: String,
}

/// Runs the rules over one document: one walk for all that look at nodes, then those that look at the whole.
pub fn lint(semantic: &Semantic<'_>, rules: &RuleSet) -> Linted {
    let mut run = Run {
        semantic,
        rules,
        linted: Linted::default(),
        crashed: vec![false; rules.rules().len()],
    };
    for unit in semantic.units() {
        let document = document_of(semantic.program(unit.program).kind);
        let skipped: Vec<bool> = rules
            .rules()
            .iter()
            .map(|selected| run.silent(selected, unit.program, document))
            .collect();
        let mut walk = Walk {
            run: &mut run,
            unit,
            ancestors: Vec::new(),
            skipped,
        };
        walk.visit_body(unit.module.body());
    }
    for (index, selected) in rules.rules().iter().enumerate() {
        if let Check::Notebook(check) = selected.rule.check {
            let kind = semantic.program(ProgramId::DOCUMENT).kind;
            let for_this = selected.rule.documents.contains(&document_of(kind))
                || kind == ProgramKind::Notebook
                    && selected.rule.documents.contains(&Document::CellFile);
            if for_this {
                run.guarded(index, selected, |findings| check(semantic, findings));
            }
        }
    }
    let mut linted = run.linted;
    if semantic.notebook().read_only().is_some() {
        // Old formats are read and never written, so no fix is offered.
        linted
            .findings
            .iter_mut()
            .for_each(|finding| finding.fix = None);
    }
    sort(&mut linted.findings);
    linted
}

fn document_of(kind: ProgramKind) -> Document {
    match kind {
        ProgramKind::Notebook => Document::Notebook,
        ProgramKind::Script => Document::Script,
        ProgramKind::CellFile => Document::CellFile,
    }
}

struct Run<'s, 'a> {
    semantic: &'s Semantic<'a>,
    rules: &'s RuleSet,
    linted: Linted,
    crashed: Vec<bool>,
}

impl Run<'_, '_> {
    /// Whether the rule has nothing to say about this namespace.
    fn silent(&self, selected: &Selected, program: ProgramId, document: Document) -> bool {
        if !selected.rule.documents.contains(&document) {
            return true;
        }
        selected.pattern.as_ref().is_some_and(|check| {
            let root = |path: &String| path.split('.').next().unwrap_or_default().to_owned();
            check
                .unless_imported
                .iter()
                .any(|path| !self.semantic.bindings(program, &root(path)).is_empty())
        })
    }

    /// Runs a check; a panic in it is noted, and the rule is not asked again for this document.
    fn guarded(
        &mut self,
        index: usize,
        selected: &Selected,
        check: impl FnOnce(&mut Findings<'_>),
    ) {
        if self.crashed.get(index).copied().unwrap_or(true) {
            return;
        }
        let found = &mut self.linted.findings;
        let ran = catch_unwind(AssertUnwindSafe(|| {
            check(&mut Findings { selected, found })
        }));
        if let Err(panic) = ran {
            self.crashed[index] = true;
            let crash = Crash {
                rule: selected.rule.name,
                message: panic_message(&*panic),
            };
            self.linted.crashes.push(crash);
        }
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "no message".to_owned())
}

struct Walk<'r, 's, 'a> {
    run: &'r mut Run<'s, 'a>,
    unit: &'s Unit<'a>,
    ancestors: Vec<AnyNodeRef<'a>>,
    skipped: Vec<bool>,
}

impl<'a> SourceOrderVisitor<'a> for Walk<'_, '_, 'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        let rules = self.run.rules;
        for &index in rules.for_kind(node.kind()) {
            if self.skipped.get(index).copied().unwrap_or(true) {
                continue;
            }
            let Some(selected) = rules.rules().get(index) else {
                continue;
            };
            let semantic = self.run.semantic;
            let context = Context {
                semantic,
                unit: self.unit,
                ancestors: &self.ancestors,
            };
            self.run
                .guarded(index, selected, |findings| match &selected.rule.check {
                    Check::Node(_, check) => check(&context, node, findings),
                    _ => {
                        if let Some(check) = &selected.pattern {
                            by_pattern(check, &context, node, findings);
                        }
                    }
                });
        }
        self.ancestors.push(node);
        TraversalSignal::Traverse
    }

    fn leave_node(&mut self, _: AnyNodeRef<'a>) {
        self.ancestors.pop();
    }
}

fn by_pattern<'a>(
    check: &PatternCheck,
    context: &Context<'_, 'a>,
    node: AnyNodeRef<'a>,
    findings: &mut Findings<'_>,
) {
    if check.top_level && !context.is_top_level() {
        return;
    }
    for (pattern, template) in &check.patterns {
        let Some(found) = pattern.matches(node, context.unit.source, context) else {
            continue;
        };
        let mut report = context.report(node);
        if let Some(template) = template {
            report = report.edit(
                context.unit.cell,
                Edit::replace(found.range, template.print(&found)),
            );
        }
        findings.push(report);
        return;
    }
}
