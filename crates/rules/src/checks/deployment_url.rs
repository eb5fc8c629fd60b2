//! `deployment-url`: addresses of Azure's models at which nothing answers.

use nbfix_lint::{Check, Context, Findings, Report};
use nbfix_python::ast::{Expr, ExprCall, Keyword};
use nbfix_python::{AnyNodeRef, NodeKind, dotted, range, single_literal};
use nbfix_semantic::values::Value;
use nbfix_semantic::{BindingKind, ProgramId, Semantic, Unit};
use nbfix_text::{Edit, TextRange};

use crate::addresses::Address;

pub(crate) const CHECK: Check = Check::Node(&[NodeKind::ExprCall], check);

/// Clients that put the operation behind `base_url`, and nothing else.
const PLAIN: &[&str] = &[
    "openai.OpenAI",
    "openai.AsyncOpenAI",
    "openai.Client",
    "openai.AsyncClient",
    "langchain_openai.ChatOpenAI",
    "langchain_openai.OpenAIEmbeddings",
];

/// Clients that put `/openai/deployments/NAME/` between the address and the operation, and add `api-version`.
const AZURE: &[&str] = &[
    "openai.AzureOpenAI",
    "openai.AsyncAzureOpenAI",
    "langchain_openai.AzureChatOpenAI",
    "langchain_openai.AzureOpenAIEmbeddings",
    "langchain_openai.AzureOpenAI",
];

/// Operations that belong to one deployment: `_deployments_endpoints` in `openai/lib/azure.py`.
const OPERATIONS: &[&str] = &[
    "completions",
    "chat/completions",
    "embeddings",
    "audio/transcriptions",
    "audio/translations",
    "audio/speech",
    "images/generations",
    "images/edits",
];

const VERBS: &[&str] = &[
    "get", "post", "put", "request", "stream", "urlopen", "Request",
];

fn check<'a>(context: &Context<'_, 'a>, node: AnyNodeRef<'a>, findings: &mut Findings<'_>) {
    let AnyNodeRef::ExprCall(call) = node else {
        return;
    };
    if let Some(path) = context.qualified(&*call.func) {
        if PLAIN.contains(&path.as_str()) {
            findings.extend(plain_client(context, call));
            return;
        }
        if AZURE.contains(&path.as_str()) {
            findings.extend(azure_client(context, call, &path));
            return;
        }
    }
    findings.extend(picture(context, call));
    if let Some(url) = requested(context, call) {
        findings.extend(request(context, call, url));
    }
}

fn keyword<'a>(call: &'a ExprCall, name: &str) -> Option<&'a Keyword> {
    let mut keywords = call.arguments.keywords.iter();
    keywords.find(|each| each.arg.as_ref().is_some_and(|arg| arg.as_str() == name))
}

/// How an address reads, if it reads in one way only.
fn likely<'a>(context: &Context<'_, 'a>, expr: &'a Expr) -> Option<String> {
    match context.semantic.value(context.unit, expr) {
        Value::Either(_) => None,
        value => value.likely(),
    }
}

/// `OpenAI(base_url=...)`: the operation stands behind the address as it is.
fn plain_client<'a>(context: &Context<'_, 'a>, call: &'a ExprCall) -> Option<Report> {
    let base = ["base_url", "openai_api_base", "api_base"];
    let given = base.iter().find_map(|name| keyword(call, name))?;
    let text = likely(context, &given.value)?;
    let address = Address::parse(&text).filter(Address::is_azure)?;
    let report = context.report(&given.value).with("url", &text);
    match address.trimmed() {
        // The rest of the path is missing: all of it, or its end.
        "" if address.query.is_none() => {
            Some(lengthened(context, report, &given.value, "/openai/v1/"))
        }
        "/openai" if address.query.is_none() => {
            Some(lengthened(context, report, &given.value, "/v1/"))
        }
        path if path.starts_with("/openai/deployments/") => {
            let has_query = address.query.is_some()
                || keyword(call, "default_query").is_some()
                || call
                    .arguments
                    .keywords
                    .iter()
                    .any(|each| each.arg.is_none());
            let help = "give `AzureOpenAI` the address, with `api_version=`; or use `/openai/v1/`, which needs none";
            (!has_query).then(|| report.says("version").help(help))
        }
        _ => None,
    }
}

/// `AzureOpenAI(azure_endpoint=...)`, whose address is the host alone, and `AzureOpenAI(base_url=...)`.
fn azure_client<'a>(context: &Context<'_, 'a>, call: &'a ExprCall, path: &str) -> Option<Report> {
    let class = path.rsplit('.').next().unwrap_or(path);
    let (given, is_base) = match keyword(call, "azure_endpoint") {
        Some(given) => (given, false),
        None => (keyword(call, "base_url")?, true),
    };
    let text = likely(context, &given.value)?;
    let address = Address::parse(&text).filter(Address::may_be_azure)?;
    // `/openai/v1` takes `preview`, and serves what belongs to no deployment (`responses`) to this class, too.
    let is_preview = keyword(call, "api_version")
        .and_then(|each| likely(context, &each.value))
        .is_some_and(|version| matches!(version.as_str(), "preview" | "latest"));
    let says = match address.trimmed() {
        "/openai/v1" if is_base && is_preview => return None,
        "" if is_base && address.is_azure() => "azure-base",
        "/openai/v1" => "azure-v1",
        "/openai" if !is_base && address.is_azure() => "doubled",
        // Behind a `?` the class loses its own path, and the address stays what it was.
        rest if rest.starts_with("/openai/deployments")
            && address.query.is_none()
            && address.is_azure() =>
        {
            let whole = OPERATIONS.iter().any(|operation| ends_in(rest, operation));
            if is_base && !whole {
                return None;
            }
            "whole"
        }
        _ => return None,
    };
    let mut report = context
        .report(&given.value)
        .with("class", class)
        .with("url", &text)
        .says(says);
    let cut = match says {
        "azure-base" => Some(None),
        // In code that asks for the version elsewhere the class stays what it is.
        _ => trailing(context, &given.value, &text, &address).map(Some),
    };
    if let (Some(cut), Some(name)) = (cut, &given.arg) {
        if is_base {
            report = report.edit(
                context.unit.cell,
                Edit::replace(range(name), "azure_endpoint"),
            );
        }
        if let Some(cut) = cut {
            report = report.edit(context.unit.cell, Edit::replace(cut, ""));
        }
    }
    Some(report.help(
        "`azure_endpoint` is the resource's host alone, as in `https://NAME.openai.azure.com`",
    ))
}

/// Whether a path ends in an operation, behind a slash.
fn ends_in(path: &str, operation: &str) -> bool {
    path.strip_suffix(operation)
        .is_some_and(|before| before.ends_with('/'))
}

/// Where the path and what follows it stand in the text between the quotes, if the argument is such a text.
fn trailing(
    context: &Context<'_, '_>,
    expr: &Expr,
    text: &str,
    address: &Address<'_>,
) -> Option<TextRange> {
    let inside = between_quotes(context, expr)?;
    let tail = address.path.len() + address.query.map_or(0, |query| query.len() + 1);
    let tail = &text[text.len() - tail..];
    let written = inside.of(context.unit.source);
    written
        .ends_with(tail)
        .then(|| TextRange::new(inside.end() - tail.len(), inside.end()))
}

/// The text between the quotes of one literal or f-string.
fn between_quotes(context: &Context<'_, '_>, expr: &Expr) -> Option<TextRange> {
    let is_one = match expr {
        Expr::StringLiteral(_) => single_literal(expr).is_some(),
        Expr::FString(text) => text.value.iter().count() == 1,
        _ => false,
    };
    let source = context.text(expr);
    let start = source.find(['"', '\''])?;
    let prefix = &source[..start];
    let quote = source.get(start..=start)?;
    if !is_one || prefix.contains(['r', 'R']) || source[start..].starts_with(&quote.repeat(3)) {
        return None;
    }
    let whole = range(expr);
    Some(TextRange::new(whole.start() + start + 1, whole.end() - 1))
}

/// The fix that lengthens an address: within its quotes, or behind the expression.
fn lengthened<'a>(context: &Context<'_, 'a>, report: Report, expr: &'a Expr, more: &str) -> Report {
    let cell = context.unit.cell;
    if let Some(inside) = between_quotes(context, expr) {
        let ends = inside.of(context.unit.source).ends_with('/');
        let more = if ends { &more[1..] } else { more };
        return report.edit(cell, Edit::insert(inside.end(), more));
    }
    let is_short = matches!(
        expr,
        Expr::Name(_) | Expr::Attribute(_) | Expr::Subscript(_) | Expr::Call(_)
    );
    let whole = range(expr);
    let (open, close) = if is_short { ("", "") } else { ("(", ")") };
    let report = if is_short {
        report
    } else {
        report.edit(cell, Edit::insert(whole.start(), open))
    };
    let behind = format!("{close}.rstrip(\"/\") + \"{more}\"");
    report.edit(cell, Edit::insert(whole.end(), behind))
}

/// `client.images.generate(model="FLUX.2-pro")` of an Azure client, which asks a deployment.
fn picture<'a>(context: &Context<'_, 'a>, call: &'a ExprCall) -> Option<Report> {
    let (_, parts) = dotted(&*call.func)?;
    let [.., "images", "generate" | "edit"] = parts.as_slice() else {
        return None;
    };
    let model = &keyword(call, "model")?.value;
    if !is_flux_2(&likely(context, model)?) {
        return None;
    }
    AZURE
        .contains(&maker(context, call)?.as_str())
        .then(|| context.report(model).says("flux"))
}

/// What made the object at the front of `client.images.generate(...)`.
fn maker<'a>(context: &Context<'_, 'a>, call: &'a ExprCall) -> Option<String> {
    let mut receiver = &*call.func;
    while let Expr::Attribute(member) = receiver {
        receiver = &member.value;
    }
    context.semantic.made_by(context.unit, receiver)
}

fn is_flux_2(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("flux.2") || name.starts_with("flux-2") || name.starts_with("flux2")
}

/// The address that a call asks over HTTP.
fn requested<'a>(context: &Context<'_, 'a>, call: &'a ExprCall) -> Option<&'a Expr> {
    let verb = match &*call.func {
        Expr::Attribute(method) => method.attr.as_str(),
        Expr::Name(name) => name.id.as_str(),
        _ => return None,
    };
    // A member may be imported under another name.
    let path = context.qualified(&*call.func);
    let verb = path
        .as_deref()
        .and_then(|path| path.rsplit('.').next())
        .unwrap_or(verb);
    if !VERBS.contains(&verb) {
        return None;
    }
    let is_request = match &path {
        Some(path) => {
            path.starts_with("requests.")
                || path.starts_with("httpx.")
                || path.starts_with("urllib.request.")
        }
        None => {
            let made = maker(context, call);
            made.is_some_and(|path| {
                matches!(
                    path.as_str(),
                    "requests.Session"
                        | "requests.session"
                        | "httpx.Client"
                        | "httpx.AsyncClient"
                        | "aiohttp.ClientSession"
                )
            })
        }
    };
    if !is_request {
        return None;
    }
    let position = usize::from(matches!(verb, "request" | "stream"));
    let named = keyword(call, "url").map(|each| &each.value);
    named.or_else(|| call.arguments.args.get(position))
}

/// A request to an address that lacks its version, or names its model in the wrong way.
fn request<'a>(context: &Context<'_, 'a>, call: &'a ExprCall, url: &'a Expr) -> Option<Report> {
    let text = likely(context, url)?;
    let address = Address::parse(&text).filter(Address::may_be_azure)?;
    let path = address.trimmed();
    let report = context.report(url).with("url", shown(&address));
    if address.is_azure() && path.contains("/openai/openai/") {
        return Some(report.says("doubled-path"));
    }
    // What is known of the server is its variable's name; the path alone has to tell.
    let rest = path.strip_prefix("/openai/")?;
    let operation = OPERATIONS.iter().find(|operation| rest == **operation);
    if let Some(operation) = operation.filter(|_| address.is_azure()) {
        return Some(report.with("operation", *operation).says("model-style"));
    }
    let (name, operation) = rest.strip_prefix("deployments/")?.split_once('/')?;
    if is_flux_2(name) {
        return Some(report.says("flux"));
    }
    if !OPERATIONS.contains(&operation) || has_version(context, call, &address) {
        return None;
    }
    let report = report.says("version");
    let Some(version) = version_name(context.semantic, context.unit, range(call).start()) else {
        return Some(report.help(
            "add `?api-version=...` to the address, or `params={\"api-version\": ...}` to the call",
        ));
    };
    if keyword(call, "params").is_some() {
        return Some(report);
    }
    let more = format!(", params={{\"api-version\": {version}}}");
    let is_requests = !context
        .qualified(&*call.func)
        .is_some_and(|path| path.starts_with("urllib"));
    // Behind the address itself: whatever stands around it, a comma may follow it.
    let named = keyword(call, "url").is_some();
    let last = call.arguments.args.last().map(|last| range(last).end());
    let end = if named { range(url).end() } else { last? };
    Some(if is_requests && !is_wrapped(context, end, call) {
        report.edit(context.unit.cell, Edit::insert(end, more))
    } else {
        report
    })
}

/// Whether an argument that ends there stands in brackets of its own.
fn is_wrapped(context: &Context<'_, '_>, end: usize, call: &ExprCall) -> bool {
    let rest = context.unit.source.get(end..range(call).end());
    rest.is_some_and(|rest| {
        let behind = rest.trim_start();
        behind.starts_with(')') && behind.len() > 1
    })
}

/// An address without its query, which may hold a key.
fn shown(address: &Address<'_>) -> String {
    let scheme = match address.scheme {
        "" => String::new(),
        scheme => format!("{scheme}://"),
    };
    format!("{scheme}{}{}", address.host, address.path)
}

/// Whether a request says a version, or may.
fn has_version<'a>(context: &Context<'_, 'a>, call: &'a ExprCall, address: &Address<'_>) -> bool {
    if address.query.is_some()
        || call
            .arguments
            .keywords
            .iter()
            .any(|each| each.arg.is_none())
    {
        return true;
    }
    // A session may bring parameters of its own.
    if context.qualified(&*call.func).is_none() {
        return true;
    }
    let Some(given) = keyword(call, "params") else {
        // `requests.get(url, params)`.
        return false;
    };
    let Value::Dict(entries) = context.semantic.value(context.unit, &given.value) else {
        return true;
    };
    entries.iter().any(|(key, _)| {
        key.exact()
            .is_none_or(|key| key.eq_ignore_ascii_case("api-version"))
    })
}

/// The one name that holds a version of the API there, as in `api_version = "2024-10-21"`.
fn version_name<'a>(semantic: &Semantic<'a>, unit: &Unit<'a>, at: usize) -> Option<&'a str> {
    let is_version = |text: &str| {
        let mut parts = text.splitn(4, '-');
        let mut digits = |count: usize| {
            parts
                .next()
                .is_some_and(|part| part.len() == count && part.bytes().all(|b| b.is_ascii_digit()))
        };
        digits(4) && digits(2) && digits(2)
    };
    let mut names = semantic
        .names(ProgramId::DOCUMENT)
        .filter(|(name, _)| name.to_lowercase().contains("api_version"))
        .filter(|(_, bindings)| {
            let [one] = bindings else { return false };
            let BindingKind::Value(value) = one.kind else {
                return false;
            };
            let above = (one.unit, one.since) <= (unit.index, at) && !one.conditional;
            let home = semantic.unit(one.unit);
            let text = home.and_then(|home| semantic.value(home, value).likely());
            above && text.is_some_and(|text| is_version(&text))
        })
        .map(|(name, _)| name);
    let name = names.next()?;
    names.next().is_none().then_some(name)
}
