//! `interactive-prompt`: a cell that waits for somebody to type.

use nbfix_lint::guards::{is_caught, is_conditional};
use nbfix_lint::shell::{Line, lines_of, lines_of_cell};
use nbfix_lint::{Check, Findings, Level, Report};
use nbfix_python::ast::{Expr, ExprCall, Stmt};
use nbfix_python::{
    AnyNodeRef, NodeKind, SourceOrderVisitor, TraversalSignal, dotted, range, string_value,
};
use nbfix_semantic::{BindingKind, ProgramId, Semantic, Unit};
use nbfix_text::{Edit, TextRange};

pub(crate) const CHECK: Check = Check::Notebook(check);

/// Credentials that open a browser, or print a code to type in one.
const CREDENTIALS: &[&str] = &[
    "azure.identity.DeviceCodeCredential",
    "azure.identity.InteractiveBrowserCredential",
];

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    for unit in semantic.units_of(ProgramId::DOCUMENT) {
        // Few cells ask anything.
        let words = ["input", "getpass", "login", "Credential"];
        if !words.iter().any(|word| unit.source.contains(word)) {
            continue;
        }
        let mut walk = Walk {
            semantic,
            unit,
            ancestors: Vec::new(),
            found: Vec::new(),
        };
        walk.visit_body(unit.module.body());
        walk.found.into_iter().for_each(|it| findings.push(it));
    }
    for (id, cell) in semantic.notebook().ids() {
        for line in lines_of_cell(&cell.source, semantic.source(id)) {
            if asks_to_log_in(&line) {
                let text = line.range.of(&cell.source);
                findings.push(Report::at(id, line.range).with("match", one_line(text)));
            }
        }
    }
}

struct Walk<'s, 'a> {
    semantic: &'s Semantic<'a>,
    unit: &'s Unit<'a>,
    ancestors: Vec<AnyNodeRef<'a>>,
    found: Vec<Report>,
}

impl<'a> SourceOrderVisitor<'a> for Walk<'_, 'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        if matches!(
            node.kind(),
            NodeKind::StmtFunctionDef | NodeKind::StmtClassDef | NodeKind::ExprLambda
        ) {
            return TraversalSignal::Skip;
        }
        match node {
            AnyNodeRef::ExprCall(call) if self.is_prompt(call) => {
                if !self.is_guarded(range(node)) {
                    self.prompt(call);
                }
            }
            _ => {
                let lines = lines_of(self.semantic, self.unit, node);
                let told: Vec<TextRange> = lines
                    .iter()
                    .filter(|line| asks_to_log_in(line))
                    .map(|line| line.range)
                    .filter(|range| !self.is_guarded(*range))
                    .collect();
                told.into_iter().for_each(|range| {
                    let report = self.report(range);
                    self.found.push(report);
                });
            }
        }
        self.ancestors.push(node);
        TraversalSignal::Traverse
    }

    fn leave_node(&mut self, node: AnyNodeRef<'a>) {
        let is_skipped = matches!(
            node.kind(),
            NodeKind::StmtFunctionDef | NodeKind::StmtClassDef | NodeKind::ExprLambda
        );
        if !is_skipped {
            self.ancestors.pop();
        }
    }
}

impl<'a> Walk<'_, 'a> {
    fn report(&self, range: TextRange) -> Report {
        let text = range.of(self.unit.source);
        Report::at(self.unit.cell, range).with("match", one_line(text))
    }

    fn is_prompt(&self, call: &'a ExprCall) -> bool {
        let path = self.semantic.qualified(self.unit, &*call.func);
        path.is_some_and(|path| {
            matches!(path.as_str(), "input" | "getpass.getpass")
                || CREDENTIALS.contains(&path.replace(".aio.", ".").as_str())
        })
    }

    /// Whether it only comes up where something is missing, or its failure does no harm.
    fn is_guarded(&self, inside: TextRange) -> bool {
        is_caught(&self.ancestors, inside)
            || is_conditional(&self.ancestors, inside)
            || self.ancestors.iter().any(|node| match node {
                AnyNodeRef::ExprBoolOp(either) => either
                    .values
                    .first()
                    .is_some_and(|first| !range(first).covers(inside)),
                AnyNodeRef::ExprCall(call) => {
                    let path = self.semantic.qualified(self.unit, &*call.func);
                    matches!(
                        path.as_deref(),
                        Some("os.environ.get" | "os.getenv" | "os.environ.setdefault")
                    )
                }
                _ => false,
            })
    }

    fn prompt(&mut self, call: &'a ExprCall) {
        let at = range(call);
        let mut report = self.report(at);
        let path = self.semantic.qualified(self.unit, &*call.func);
        let variable = match path.as_deref() {
            Some("input") => self.variable(call).filter(|name| is_setting(name)),
            Some("getpass.getpass") => self.variable(call),
            _ => None,
        };
        let purpose = match path.as_deref() {
            Some("input") => self.purpose(call),
            _ => None,
        };
        match purpose {
            Some(Purpose::Pause) => {
                report = report.says("pause").level(Level::Note).help(
                    "where the notebook has to run by itself, stop only if somebody wants it: put a flag of your own before it",
                );
            }
            Some(Purpose::Talk) => {
                report = report.says("talk").level(Level::Note).help(
                    "where the notebook has to run by itself, take what is said from a list, or leave the talk out",
                );
            }
            None => {}
        }
        if let (Some(variable), Some(first)) = (variable, self.unit.module.body().first()) {
            let os = self.os(at.start());
            if os.is_none() {
                // All prompts of a cell ask for the same edit, which is made once.
                let import = Edit::insert(range(first).start(), "import os\n");
                report = report.edit(self.unit.cell, import);
            }
            let os = os.unwrap_or_else(|| "os".to_owned());
            let read = format!("{os}.environ.get(\"{variable}\") or ");
            report = report
                .says("variable")
                .with("variable", variable)
                .edit(self.unit.cell, Edit::insert(at.start(), read));
        }
        self.found.push(report);
    }

    /// What a call of `input` is for, if not for a setting.
    fn purpose(&self, call: &'a ExprCall) -> Option<Purpose> {
        if matches!(self.ancestors.last(), Some(AnyNodeRef::StmtExpr(_))) {
            return Some(Purpose::Pause);
        }
        let target = self.ancestors.iter().rev().find_map(|node| match node {
            AnyNodeRef::StmtAssign(assign) => match assign.targets.as_slice() {
                [Expr::Name(name)] => Some(name.id.as_str()),
                _ => None,
            },
            // `ask(question=input("..."))`
            AnyNodeRef::Keyword(keyword) => keyword.arg.as_ref().map(|name| name.as_str()),
            _ => None,
        });
        let in_loop = || {
            let mut around = self.ancestors.iter();
            around.any(|node| matches!(node, AnyNodeRef::StmtWhile(_)))
        };
        let asked = call.arguments.args.first().and_then(string_value);
        let words = asked.map(|text| {
            let words = text.split(|sign: char| !sign.is_alphanumeric());
            let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
            words.join(" ").to_lowercase()
        });
        let is_setting = target.is_some_and(|name| is_setting(&name.to_uppercase()));
        let says = |name: &str| {
            TURNS.contains(&name) || name.contains("answer") || name.contains("question")
        };
        let is_turn = target.is_some_and(says)
            || words.is_some_and(|words| SPEAKERS.contains(&words.as_str()));
        (!is_setting && (is_turn || in_loop())).then_some(Purpose::Talk)
    }

    /// The variable that would answer: of `NAME = getpass(..)`, `os.environ["NAME"] = ..`, `module.name = ..` at the
    /// start of a line of the cell. In a loop the same answer would come again and again.
    fn variable(&self, call: &'a ExprCall) -> Option<String> {
        let statement = self
            .unit
            .module
            .body()
            .iter()
            .find(|stmt| range(*stmt).covers(range(call)))?;
        let Stmt::Assign(assign) = statement else {
            return None;
        };
        let Expr::Call(value) = &*assign.value else {
            return None;
        };
        let ([target], true) = (&assign.targets[..], std::ptr::eq(value, call)) else {
            return None;
        };
        let start = range(statement).start();
        let alone = start == 0 || self.unit.source[..start].ends_with('\n');
        let name = match target {
            Expr::Name(name) => name.id.to_uppercase(),
            Expr::Attribute(_) => {
                let (root, parts) = dotted(target)?;
                let binding = self.semantic.binding(self.unit, root.id.as_str(), start)?;
                let is_module = matches!(binding.kind, BindingKind::Import(_));
                (is_module && parts.len() == 2).then(|| parts.join("_").to_uppercase())?
            }
            Expr::Subscript(subscript) => {
                let environ = self.semantic.qualified(self.unit, &*subscript.value);
                (environ.as_deref() == Some("os.environ")).then_some(())?;
                self.semantic
                    .string(self.unit, &subscript.slice)?
                    .to_owned()
            }
            _ => return None,
        };
        // `KEY` and `API_KEY` may be anybody's.
        let is_own = name.contains('_') && !GENERIC.contains(&name.as_str());
        (alone && is_own).then_some(name)
    }

    /// What `os` is called here, if it was imported above.
    fn os(&self, offset: usize) -> Option<String> {
        let names = self.semantic.names(ProgramId::DOCUMENT);
        let mut found: Vec<&str> = names
            .filter(|(name, _)| {
                let binding = self.semantic.binding(self.unit, name, offset);
                binding.is_some_and(|binding| {
                    matches!(&binding.kind, BindingKind::Import(path) if path == "os")
                        && (binding.unit, binding.since) <= (self.unit.index, offset)
                })
            })
            .map(|(name, _)| name)
            .collect();
        found.sort_unstable();
        found.first().map(|name| (*name).to_owned())
    }
}

/// What a prompt is for, if not for a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// The notebook is to wait: nothing is done with the answer.
    Pause,
    /// A person talks with a program.
    Talk,
}

/// Names for what a person says in a talk.
const TURNS: &[&str] = &[
    "question",
    "query",
    "topic",
    "user_input",
    "user_message",
    "user_prompt",
    "user_query",
    "user_question",
];
/// What stands before what a person says, in words.
const SPEAKERS: &[&str] = &[
    "ask",
    "ask a question",
    "human",
    "me",
    "query",
    "question",
    "user",
    "you",
    "your message",
    "your query",
    "your question",
];

/// Names that say what a value is, and not whose.
const GENERIC: &[&str] = &[
    "API_KEY",
    "API_TOKEN",
    "ACCESS_KEY",
    "ACCESS_TOKEN",
    "AUTH_TOKEN",
    "SECRET_KEY",
    "USER_NAME",
    "YOUR_API_KEY",
];

/// Whether a name is that of a setting: what is typed into a chat is none.
fn is_setting(name: &str) -> bool {
    SETTINGS.iter().any(|word| name.contains(word))
}

/// Parts of the names of settings, as opposed to questions.
const SETTINGS: &[&str] = &[
    "KEY",
    "TOKEN",
    "SECRET",
    "PASSWORD",
    "URL",
    "URI",
    "ENDPOINT",
    "HOST",
    "REGION",
    "USER_NAME",
    "USERNAME",
    "EMAIL",
    "PROJECT",
    "TENANT",
    "SUBSCRIPTION",
    "KEYSPACE",
    "DATABASE",
    "BUCKET",
    "_ID",
    "PATH",
];

/// `az login`, unless a machine does it.
fn asks_to_log_in(line: &Line) -> bool {
    let words: Vec<&str> = line.words.iter().map(|word| word.text.as_str()).collect();
    let has = |options: &[&str]| {
        words.iter().any(|word| {
            let name = word.split_once('=').map_or(*word, |(name, _)| name);
            options.contains(&name)
        })
    };
    words.starts_with(&["az", "login"])
        && !has(&[
            "--identity",
            "-i",
            "--service-principal",
            "--federated-token",
            "--help",
            "-h",
        ])
}

/// A text as a message can hold it.
fn one_line(text: &str) -> String {
    match text.split_once('\n') {
        Some((first, _)) => format!("{} ...", first.trim_end()),
        None => text.to_owned(),
    }
}
