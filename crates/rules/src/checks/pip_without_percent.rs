//! `pip-without-percent`: `!pip install`, which may install for another Python than the kernel's.

use nbfix_lint::{Check, Context, Findings};
use nbfix_python::ast::{IpyEscapeKind, StmtIpyEscapeCommand};
use nbfix_python::{AnyNodeRef, NodeKind, range};
use nbfix_text::{Edit, TextRange};

pub(crate) const CHECK: Check = Check::Node(&[NodeKind::StmtIpyEscapeCommand], check);

fn check<'a>(context: &Context<'_, 'a>, node: AnyNodeRef<'a>, findings: &mut Findings<'_>) {
    let AnyNodeRef::StmtIpyEscapeCommand(command) = node else {
        return;
    };
    let Some((program, rest)) = pip(command).filter(|_| context.is_top_level()) else {
        return;
    };
    let arguments: Vec<&str> = rest.split_whitespace().collect();
    let action = arguments.iter().find(|word| !word.starts_with('-'));
    if !matches!(action, Some(&("install" | "uninstall"))) || needs_shell(rest) {
        return;
    }
    let whole = range(command);
    // The sign and the program, with any blanks between them.
    let Some(at) = whole.of(context.unit.source).find(program) else {
        return;
    };
    let sign = TextRange::new(whole.start(), whole.start() + at + program.len());
    let report = context.report(node).with("program", program);
    findings.push(report.edit(context.unit.cell, Edit::replace(sign, "%pip")));
}

/// The program's name as written, and what follows it, if the line runs pip in a shell.
fn pip(command: &StmtIpyEscapeCommand) -> Option<(&str, &str)> {
    if command.kind != IpyEscapeKind::Shell {
        return None;
    }
    let line = command.value.trim_start();
    let (program, rest) = line.split_once(char::is_whitespace)?;
    matches!(program, "pip" | "pip3").then_some((program, rest))
}

/// Whether the line asks something of the shell, outside of quotes: a pipe, a list, a redirection. `>=` is meant as
/// a version, and means to `%pip` what it means to the shell.
fn needs_shell(arguments: &str) -> bool {
    let mut quote = None;
    let mut rest = arguments.chars().peekable();
    while let Some(next) = rest.next() {
        match (quote, next) {
            (Some(open), _) if next == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(next),
            (None, '>' | '<') if rest.peek() == Some(&'=') => {}
            (None, '|' | '&' | ';' | '>' | '<' | '`') => return true,
            (None, '$') if rest.peek() == Some(&'(') => return true,
            (None, _) => {}
        }
    }
    false
}
