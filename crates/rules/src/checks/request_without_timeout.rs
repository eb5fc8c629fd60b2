//! `request-without-timeout`: a request that may wait for ever.

use nbfix_lint::{Check, Context, Findings, Level, Report};
use nbfix_python::ast::{Expr, ExprCall};
use nbfix_python::{AnyNodeRef, NodeKind, dotted, range};
use nbfix_semantic::{BindingKind, Semantic, Unit};
use nbfix_text::{Edit, TextRange};

use crate::degrade::line_end;
use crate::fetched;

pub(crate) const CHECK: Check = Check::Node(&[NodeKind::ExprCall], check);

const VERBS: &[&str] = &[
    "get", "post", "put", "patch", "delete", "head", "options", "request",
];

const LOCAL: &[&str] = &["localhost", "127.0.0.1", "0.0.0.0", "[::1]"];

fn check<'a>(context: &Context<'_, 'a>, node: AnyNodeRef<'a>, findings: &mut Findings<'_>) {
    let AnyNodeRef::ExprCall(call) = node else {
        return;
    };
    if !may_wait(context, call) || is_local(context.semantic, context.unit, call) {
        return;
    }
    let place = range(call);
    let source = context.unit.source;
    let first_line = TextRange::new(
        place.start(),
        place.end().min(line_end(source, place.start())),
    );
    let mut report =
        Report::at(context.unit.cell, first_line).with("call", range(&*call.func).of(source));
    if fetches_file(context, call) {
        report = report.says("file").level(Level::Note);
    }
    for edit in bounded(call, source) {
        report = report.edit(context.unit.cell, edit);
    }
    findings.push(report);
}

/// What hands the call a timeout, in the style of its other arguments; nothing where there is no safe place for it.
fn bounded(call: &ExprCall, source: &str) -> Vec<Edit> {
    let place = range(call);
    let positional = call.arguments.args.iter().map(range);
    let mut arguments: Vec<TextRange> = positional
        .chain(call.arguments.keywords.iter().map(range))
        .collect();
    arguments.sort_by_key(|argument| argument.start());
    let Some(last) = arguments.last() else {
        return Vec::new();
    };
    // An argument in brackets ends behind them.
    let rest = place.end().saturating_sub(1);
    let behind = source.get(last.end()..rest).unwrap_or_default();
    let end = last.end() + behind.rfind(')').map_or(0, |at| at + 1);
    let is_generator = call.arguments.args.iter().any(Expr::is_generator_expr);
    if (behind.contains('#') || is_generator) && behind.contains(')') {
        return Vec::new();
    }
    let Some(indent) = indent_of_arguments(&arguments, source) else {
        return vec![Edit::insert(end, ", timeout=30")];
    };
    let newline = match source.contains("\r\n") {
        true => "\r\n",
        false => "\n",
    };
    let tail = source.get(end..rest).unwrap_or_default();
    let line = tail.split('\n').next().unwrap_or_default();
    if !line.contains('#') {
        return vec![Edit::insert(end, format!(",{newline}{indent}timeout=30"))];
    }
    // A comment stays with the argument that it stands behind.
    let line_end = end + line.trim_end_matches('\r').len();
    if line.trim_start().starts_with(',') {
        return vec![Edit::insert(
            line_end,
            format!("{newline}{indent}timeout=30,"),
        )];
    }
    vec![
        Edit::insert(end, ","),
        Edit::insert(line_end, format!("{newline}{indent}timeout=30")),
    ]
}

/// What stands before the arguments of a call that has each of them, but perhaps the first, on a line of its own.
fn indent_of_arguments<'s>(arguments: &[TextRange], source: &'s str) -> Option<&'s str> {
    let indent = |argument: &TextRange| {
        let above = source.get(..argument.start())?;
        let line = above.rfind('\n')? + 1;
        above.get(line..).filter(|text| text.trim().is_empty())
    };
    let (first, others) = arguments.split_first()?;
    let last = match others.last() {
        Some(last) => indent(last)?,
        None => indent(first)?,
    };
    let mut others = others.iter();
    others
        .all(|argument| indent(argument).is_some())
        .then_some(last)
}

/// Ends of addresses that are files, which a server hands out as they are.
const FILES: &[&str] = &[
    "arff",
    "bin",
    "bmp",
    "bz2",
    "csv",
    "dat",
    "data",
    "db",
    "gguf",
    "gif",
    "gz",
    "h5",
    "ipynb",
    "jpeg",
    "jpg",
    "json",
    "jsonl",
    "mat",
    "md",
    "mov",
    "mp3",
    "mp4",
    "names",
    "npy",
    "npz",
    "ogg",
    "onnx",
    "parquet",
    "pdf",
    "pkl",
    "png",
    "pt",
    "pth",
    "py",
    "rst",
    "safetensors",
    "sqlite",
    "svg",
    "tar",
    "tflite",
    "tgz",
    "tif",
    "tiff",
    "tsv",
    "ttf",
    "txt",
    "wav",
    "webm",
    "webp",
    "xml",
    "xz",
    "yaml",
    "yml",
    "zip",
];

/// Hosts that hand out nothing but files.
const FILE_HOSTS: &[&str] = &["raw.githubusercontent.com", "gist.githubusercontent.com"];

/// Whether a call fetches one file from an address that the document spells out, once: neither in a loop nor in a
/// function. Such a cell is run by hand, and stopped by hand. A function that hands on the bytes of the address that it is
/// given is one as well.
fn fetches_file<'a>(context: &Context<'_, 'a>, call: &'a ExprCall) -> bool {
    let is_repeated = context.ancestors.iter().any(|node| {
        matches!(
            node.kind(),
            NodeKind::StmtFunctionDef
                | NodeKind::StmtClassDef
                | NodeKind::ExprLambda
                | NodeKind::StmtFor
                | NodeKind::StmtWhile
                | NodeKind::ExprListComp
                | NodeKind::ExprSetComp
                | NodeKind::ExprDictComp
                | NodeKind::ExprGenerator
        )
    });
    let path = context.qualified(&*call.func);
    let gets = match path.as_deref() {
        Some("requests.get") => true,
        // The second argument is what is sent.
        Some("urllib.request.urlopen") => call.arguments.args.len() < 2,
        _ => false,
    };
    let asks = ["params", "data", "json"]
        .iter()
        .any(|name| call.arguments.find_keyword(name).is_some());
    let Some(address) = call.arguments.find_argument_value("url", 0) else {
        return false;
    };
    let is_file = || {
        let value = context.semantic.value(context.unit, address);
        let mut choices = value.choices().iter();
        choices.all(|choice| choice.exact().is_some_and(is_file))
    };
    gets && !asks && (!is_repeated && is_file() || fetched::for_function(context, call, address))
}

/// Whether an address is that of a file.
fn is_file(address: &str) -> bool {
    let Some((_, rest)) = address.split_once("://") else {
        return false;
    };
    let Some((host, path)) = rest.split_once('/') else {
        return false;
    };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let ending = name
        .rsplit_once('.')
        .map(|(_, ending)| ending.to_lowercase());
    !host.starts_with("api.")
        && address.starts_with("http")
        && (FILE_HOSTS.contains(&host)
            || ending.is_some_and(|ending| FILES.contains(&ending.as_str())))
}

/// Whether a call makes a request and nothing bounds its time.
fn may_wait<'a>(context: &Context<'_, 'a>, call: &'a ExprCall) -> bool {
    let arguments = &call.arguments;
    // `**options` and `*arguments` may hold a timeout.
    let has_timeout = arguments
        .keywords
        .iter()
        .any(|each| each.arg.as_ref().is_none_or(|name| name == "timeout"))
        || arguments.args.iter().any(Expr::is_starred_expr);
    if has_timeout || arguments.is_empty() {
        return false;
    }
    if let Some(path) = context.qualified(&*call.func) {
        return match path.strip_prefix("requests.") {
            Some(verb) => VERBS.contains(&verb),
            // The third argument is the timeout.
            None => path == "urllib.request.urlopen" && arguments.args.len() < 3,
        };
    }
    let Expr::Attribute(method) = &*call.func else {
        return false;
    };
    if !VERBS.contains(&method.attr.as_str()) {
        return false;
    }
    let maker = context.semantic.made_by(context.unit, &method.value);
    let is_session = matches!(
        maker.as_deref(),
        Some("requests.Session" | "requests.session" | "requests.sessions.Session")
    );
    is_session && !may_bring_one(context)
}

/// Whether the document has adapters, which can bring a timeout to every request of a session.
fn may_bring_one(context: &Context<'_, '_>) -> bool {
    let mut names = context.semantic.names(context.unit.program);
    names.any(|(_, bindings)| {
        bindings.iter().any(|binding| {
            matches!(&binding.kind, BindingKind::Import(path) if path.starts_with("requests.adapters"))
        })
    }) || context
        .semantic
        .units_of(context.unit.program)
        .any(|unit| unit.source.contains("HTTPAdapter"))
}

/// Whether the address is one of this machine, which answers or refuses at once.
fn is_local<'a>(semantic: &Semantic<'a>, unit: &Unit<'a>, call: &'a ExprCall) -> bool {
    let names_it = |text: &str| LOCAL.iter().any(|host| text.contains(host));
    if names_it(range(&call.arguments).of(unit.source)) {
        return true;
    }
    let named = call.arguments.keywords.iter().filter_map(|each| {
        let is_url = each.arg.as_ref().is_some_and(|name| name == "url");
        is_url.then_some(&each.value)
    });
    let mut addresses = call.arguments.args.iter().take(2).chain(named);
    addresses.any(|address| {
        // The port may be known only later; the host is enough. An attribute of some object is none of ours.
        if dotted(address).is_none() && address.is_call_expr() {
            return false;
        }
        let value = semantic.value(unit, address);
        value
            .choices()
            .iter()
            .any(|choice| choice.likely().is_some_and(|text| names_it(&text)))
    })
}
