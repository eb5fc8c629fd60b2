//! Running rules over one document.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use nbfix_ipynb::{CellId, CellKind};
use nbfix_pattern::Match;
use nbfix_python::{AnyNodeRef, SourceOrderVisitor, TraversalSignal};
use nbfix_semantic::{ProgramId, ProgramKind, Semantic, Unit};
use nbfix_text::TextRange;

use crate::compile::{PatternCheck, named_holes};
use crate::finding::sort;
use crate::imports::Imports;
use crate::join::{Join, join};
use crate::matcher::{Env, Spot};
use crate::prefilter::Survey;
use crate::shell::{Commands, Line};
use crate::{
    Allows, Check, Context, Document, Finding, Findings, Judged, Report, RuleSet, Scope, Selected,
};

/// What a run over one document gave.
#[derive(Debug, Default)]
pub struct Linted {
    /// In the order of the document; within a place by rule name.
    pub findings: Vec<Finding>,
    /// What the author allows (see [`Allows`]), in the same order; it is neither told nor mended.
    pub allowed: Vec<Finding>,
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
    let asks_imports = rules.rules().iter().any(|selected| {
        let check = selected.pattern.as_ref();
        check.is_some_and(|check| check.traits.imports)
    });
    let imports = if asks_imports {
        Imports::of(semantic)
    } else {
        Imports::default()
    };
    let commands = Commands::new(semantic);
    let allows = Allows::of(semantic);
    let mut run = Run {
        commands: &commands,
        env: Env {
            semantic,
            imports: &imports,
        },
        rules,
        allows: &allows,
        linted: Linted::default(),
        joins: BTreeMap::new(),
        crashed: vec![false; rules.rules().len()],
        silent: vec![false; rules.rules().len()],
    };
    run.silence();
    if rules.scope != Scope::Projects {
        let survey = rules.prefilter.survey(semantic);
        for unit in semantic.units() {
            run.unit(unit, &survey);
        }
        run.cells();
    }
    let kind = semantic.program(ProgramId::DOCUMENT).kind;
    for (index, selected) in rules.rules().iter().enumerate() {
        let check = match selected.rule.check {
            Check::Notebook(check) if rules.scope != Scope::Projects => Some(check),
            Check::Project(check) if rules.scope != Scope::Files => Some(check),
            _ => None,
        };
        let silent = run.silent.get(index).copied().unwrap_or(false);
        if let Some(check) = check.filter(|_| !silent) {
            let for_this = selected.rule.documents.contains(&document_of(kind))
                || kind == ProgramKind::Notebook
                    && selected.rule.documents.contains(&Document::CellFile);
            if for_this {
                run.guarded(index, selected, |findings| check(semantic, findings));
            }
        }
    }
    let found = std::mem::take(&mut run.linted.findings);
    let found = join(found, std::mem::take(&mut run.joins), semantic.notebook());
    let (findings, mut allowed) = allows.part(found);
    let judged = run.judged();
    let (judged, more) = allows.part(judged);
    allowed.extend(more);
    let mut linted = run.linted;
    linted.findings = findings;
    linted.findings.extend(judged);
    if semantic.notebook().read_only().is_some() {
        // Old formats are read and never written, so no fix is offered.
        linted
            .findings
            .iter_mut()
            .for_each(|finding| finding.fix = None);
    }
    sort(&mut linted.findings);
    sort(&mut allowed);
    linted.allowed = allowed;
    linted
}

fn document_of(kind: ProgramKind) -> Document {
    match kind {
        ProgramKind::Notebook => Document::Notebook,
        ProgramKind::Script => Document::Script,
        ProgramKind::CellFile => Document::CellFile,
        // No document is a module beside another; it would be a script.
        ProgramKind::Module => Document::Script,
    }
}

struct Run<'s> {
    commands: &'s Commands<'s, 's>,
    env: Env<'s>,
    rules: &'s RuleSet,
    allows: &'s Allows,
    linted: Linted,
    /// What findings, by position, ask to be told with.
    joins: BTreeMap<usize, Join>,
    crashed: Vec<bool>,
    /// Rules that have nothing to say about this document.
    silent: Vec<bool>,
}

impl<'s> Run<'s> {
    /// Finds the rules that a text of the document silences, or the Python that it is for.
    fn silence(&mut self) {
        let notebook = self.env.semantic.notebook();
        let cells = notebook.cells();
        for (selected, silent) in self.rules.rules().iter().zip(&mut self.silent) {
            let check = selected.pattern.as_ref();
            let regex = check.and_then(|check| check.unless_text.as_ref()?.get());
            let code = cells.iter().filter(|cell| cell.kind == CellKind::Code);
            *silent = notebook.is_python_2() && selected.rule.python_3_only
                || regex.is_some_and(|regex| {
                    code.map(|cell| &cell.source)
                        .any(|text| regex.is_match(text))
                });
        }
    }

    /// One walk over a unit, with the rules that may find something in it.
    fn unit(&mut self, unit: &'s Unit<'s>, survey: &Survey) {
        let rules = self.rules;
        let document = document_of(self.env.semantic.program(unit.program).kind);
        let active: Vec<bool> = rules
            .rules()
            .iter()
            .enumerate()
            .map(|(index, selected)| {
                selected.rule.documents.contains(&document)
                    && !self.silent.get(index).copied().unwrap_or(false)
                    && rules
                        .prefilter
                        .may_match(index, survey, unit.index, unit.source)
            })
            .collect();
        let is_active = |index: &usize| active.get(*index).copied().unwrap_or(false);
        let by_kind: Vec<Vec<usize>> = rules
            .by_kind()
            .iter()
            .map(|list| list.iter().copied().filter(is_active).collect())
            .collect();
        if by_kind.iter().all(Vec::is_empty) {
            return;
        }
        let mut walk = Walk {
            run: self,
            unit,
            ancestors: Vec::new(),
            by_kind,
        };
        walk.visit_body(unit.module.body());
    }

    /// The rules that look at cells as texts.
    fn cells(&mut self) {
        let semantic = self.env.semantic;
        let document = document_of(semantic.program(ProgramId::DOCUMENT).kind);
        for (index, selected) in self.rules.rules().iter().enumerate() {
            let Some(check) = selected.pattern.as_ref().filter(|check| check.traits.cells) else {
                continue;
            };
            let silent = self.silent.get(index).copied().unwrap_or(false);
            if silent || !selected.rule.documents.contains(&document) {
                continue;
            }
            let env = self.env;
            self.guarded(index, selected, |findings| {
                for (id, _) in semantic.notebook().ids() {
                    by_pattern(check, selected, &env, Spot::Cell(id), id, findings);
                }
            });
        }
    }

    /// What the rules find that judge what the author allows. They run last, for they need to know what was needed.
    fn judged(&mut self) -> Vec<Finding> {
        if self.rules.scope == Scope::Projects {
            return Vec::new();
        }
        for (index, selected) in self.rules.rules().iter().enumerate() {
            if let Check::Allows(check) = selected.rule.check {
                let crashed = self.crashed.clone();
                let judged = Judged {
                    semantic: self.env.semantic,
                    allows: self.allows,
                    rules: self.rules,
                    crashed: &crashed,
                };
                self.guarded(index, selected, |findings| check(&judged, findings));
            }
        }
        std::mem::take(&mut self.linted.findings)
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
        let (rules, allows) = (self.rules, self.allows);
        let (found, joins) = (&mut self.linted.findings, &mut self.joins);
        let ran = catch_unwind(AssertUnwindSafe(|| {
            check(&mut Findings {
                selected,
                rules,
                allows,
                found,
                joins,
            })
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

struct Walk<'r, 's> {
    run: &'r mut Run<'s>,
    unit: &'s Unit<'s>,
    ancestors: Vec<AnyNodeRef<'s>>,
    /// The rules that look at nodes of each kind here.
    by_kind: Vec<Vec<usize>>,
}

impl<'s> SourceOrderVisitor<'s> for Walk<'_, 's> {
    fn enter_node(&mut self, node: AnyNodeRef<'s>) -> TraversalSignal {
        let rules = self.run.rules;
        // The commands of a node, read once for all rules that ask.
        let mut lines: Option<Vec<Line>> = None;
        let active = self.by_kind.get(node.kind() as usize);
        for &index in active.map_or(&[][..], Vec::as_slice) {
            let Some(selected) = rules.rules().get(index) else {
                continue;
            };
            let env = self.run.env;
            let context = Context {
                semantic: env.semantic,
                unit: self.unit,
                ancestors: &self.ancestors,
            };
            if let Some(check) = &selected.pattern
                && check.traits.shell
                && lines.is_none()
            {
                let mut all = self.run.commands.of(self.unit, node);
                // What a function runs in any case is found in the function.
                all.retain(|line| !line.fixed);
                lines = Some(all);
            }
            let lines = lines.as_deref().unwrap_or_default();
            self.run
                .guarded(index, selected, |findings| match &selected.rule.check {
                    Check::Node(_, check) => check(&context, node, findings),
                    _ => {
                        if let Some(check) = &selected.pattern {
                            let spot = Spot::Node(context, node, lines);
                            by_pattern(check, selected, &env, spot, self.unit.cell, findings);
                        }
                    }
                });
        }
        self.ancestors.push(node);
        TraversalSignal::Traverse
    }

    fn leave_node(&mut self, _: AnyNodeRef<'s>) {
        self.ancestors.pop();
    }
}

/// Reports what a pattern rule finds in one spot: a node is reported once, unless the page points at a hole, or looks
/// at commands and texts, of which there may be several.
fn by_pattern(
    check: &PatternCheck,
    selected: &Selected,
    env: &Env<'_>,
    spot: Spot<'_>,
    cell: CellId,
    findings: &mut Findings<'_>,
) {
    let once = check.at.is_none() && matches!(spot, Spot::Node(_, _, []));
    let mut told: Vec<TextRange> = Vec::new();
    check.matcher.each(env, spot, &[], &mut |found| {
        let place = check.at.as_deref().and_then(|at| found.hole(at));
        let place = place.unwrap_or(found.range);
        if told.contains(&place) {
            return once;
        }
        told.push(place);
        findings.push(report(check, selected, env, spot, cell, place, &found));
        once
    });
}

fn report(
    check: &PatternCheck,
    selected: &Selected,
    env: &Env<'_>,
    spot: Spot<'_>,
    cell: CellId,
    place: TextRange,
    found: &Match<'_>,
) -> Report {
    let report = || {
        let mut report = Report::at(cell, place);
        let rule = selected.rule;
        let fix = rule.fix.as_ref();
        let texts = [
            Some(rule.message),
            rule.help,
            fix.map(|fix| fix.title),
            fix.and_then(|fix| fix.caution),
        ];
        for name in texts.into_iter().flatten().flat_map(named_holes) {
            if let Some(text) = found.text(name) {
                report = report.with(name, one_line(text));
            } else if name == "match" {
                report = report.with(name, one_line(found.range.of(found.source())));
            }
        }
        report
    };
    // A call of the notebook's own function is no command that could be written in another way.
    let is_through = match spot {
        Spot::Node(_, _, lines) => lines
            .iter()
            .any(|line| line.range == found.range && !line.through.is_empty()),
        Spot::Cell(_) => false,
    };
    let fix = check.fix.as_ref().filter(|_| !is_through);
    fix.and_then(|fix| fix.mend(env, spot, cell, found, report()))
        .unwrap_or_else(report)
}

/// A text as a message can hold it.
fn one_line(text: &str) -> String {
    match text.split_once('\n') {
        Some((first, _)) => format!("{} ...", first.trim_end()),
        None => text.to_owned(),
    }
}
