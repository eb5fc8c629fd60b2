//! `mcp-endpoint`: addresses at which no MCP server can answer, and servers that the loaded configuration does not have.

use nbfix_ipynb::CellId;
use nbfix_lint::{Check, Findings, Report};
use nbfix_python::ast::{AnyNodeRef, Expr, ExprCall, ExprDict};
use nbfix_python::{SourceOrderVisitor, TraversalSignal, dotted, range, string_value};
use nbfix_semantic::values::{Arguments, Body, Value};
use nbfix_semantic::{ProgramId, Semantic, Unit};
use nbfix_text::TextRange;

use crate::addresses::Address;
use crate::mcp::loads::loaded;
use crate::mcp::{Transport, crossed, help, misplaced, without_query};

pub(crate) const CHECK: Check = Check::Notebook(check);

/// What connects to a server: its last name, the packages that have it, and how it speaks.
const CLIENTS: &[(&str, Transport)] = &[
    ("sse_client", Transport::Sse),
    ("MCPServerSse", Transport::Sse),
    ("MCPServerSSE", Transport::Sse),
    ("MCPSsePlugin", Transport::Sse),
    ("SseServerParams", Transport::Sse),
    ("SseServerParameters", Transport::Sse),
    ("SSEConnection", Transport::Sse),
    ("SseConnectionParams", Transport::Sse),
    ("SSETransport", Transport::Sse),
    ("streamablehttp_client", Transport::Http),
    ("streamable_http_client", Transport::Http),
    ("MCPServerStreamableHttp", Transport::Http),
    ("MCPServerStreamableHTTP", Transport::Http),
    ("MCPStreamableHttpPlugin", Transport::Http),
    ("MCPStreamableHTTPTool", Transport::Http),
    ("StreamableHttpServerParams", Transport::Http),
    ("StreamableHttpParameters", Transport::Http),
    ("StreamableHttpConnection", Transport::Http),
    ("StreamableHTTPConnectionParams", Transport::Http),
    ("StreamableHttpTransport", Transport::Http),
];

/// The packages that these come from.
const PACKAGES: &[&str] = &[
    "mcp",
    "agents",
    "semantic_kernel",
    "autogen_ext",
    "agent_framework",
    "langchain_mcp_adapters",
    "pydantic_ai",
    "fastmcp",
    "google",
];

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    let speaks = |text: &str| {
        ["mcp", "MCP", "/sse", "sse_client"]
            .iter()
            .any(|word| text.contains(word))
    };
    let all = || semantic.units_of(ProgramId::DOCUMENT);
    if !all().any(|unit| speaks(unit.source)) {
        return;
    }
    let mut reports: Vec<(CellId, TextRange, Report)> = Vec::new();
    for unit in all() {
        let mut finder = Finder {
            semantic,
            unit,
            named: Vec::new(),
            found: Vec::new(),
        };
        finder.visit_body(unit.module.body());
        let found = finder.found;
        reports.extend(found.into_iter().map(|(at, it)| (unit.cell, at, it)));
    }
    for (cell, at, report) in loaded(semantic) {
        reports.push((cell, at, report));
    }
    // One address is told once, whatever is wrong with it.
    let mut told: Vec<(CellId, TextRange)> = Vec::new();
    for (cell, at, report) in reports {
        if !told.contains(&(cell, at)) {
            told.push((cell, at));
            findings.push(report);
        }
    }
}

struct Finder<'s, 'a> {
    semantic: &'s Semantic<'a>,
    unit: &'s Unit<'a>,
    /// Texts that stand for a server: values of names and keys that speak of MCP.
    named: Vec<TextRange>,
    found: Vec<(TextRange, Report)>,
}

impl<'a> Finder<'_, 'a> {
    fn report(
        &mut self,
        at: TextRange,
        url: &str,
        says: &'static str,
        transport: Option<Transport>,
    ) {
        let mut report = Report::at(self.unit.cell, at).with("url", without_query(url));
        if says != "instance-tls" {
            report = report.says(says);
        }
        if let Some(transport) = transport {
            report = report.with("transport", transport.label());
        }
        self.found.push((at, report.help(help(says))));
    }

    /// An address that a client of this transport connects to.
    fn connects(&mut self, url: &'a Expr, transport: Option<Transport>) {
        let at = range(url);
        let Some(text) = likely(self.semantic.value(self.unit, url)) else {
            return;
        };
        if let Some(says) = misplaced(&text) {
            self.report(at, &text, says, None);
        } else if let Some(transport) = transport.filter(|transport| crossed(&text, *transport)) {
            self.report(at, &text, "crossed", Some(transport));
        }
    }

    fn call(&mut self, call: &'a ExprCall) {
        if let Some((url, transport)) = client(self.semantic, self.unit, call) {
            self.connects(url, Some(transport));
            return;
        }
        // A function of the notebook that connects to what it is given.
        let Some(callable) = self.semantic.callable(self.unit, &call.func) else {
            return;
        };
        let Body::Def(def) = callable.body else {
            return;
        };
        let Some(home) = self.semantic.unit(callable.unit) else {
            return;
        };
        let mut inner = Connections {
            semantic: self.semantic,
            unit: home,
            found: Vec::new(),
        };
        inner.visit_body(&def.body);
        for (url, transport) in inner.found {
            let Expr::Name(parameter) = url else { continue };
            let around = Arguments::default();
            let arguments = self.semantic.arguments(self.unit, call, &callable, &around);
            let Some(text) = likely(self.semantic.value_with(home, url, &arguments)) else {
                continue;
            };
            let Some(given) = argument(call, def, parameter.id.as_str()) else {
                continue;
            };
            if let Some(says) = misplaced(&text) {
                self.report(range(given), &text, says, None);
            } else if crossed(&text, transport) {
                self.report(range(given), &text, "crossed", Some(transport));
            }
        }
    }

    /// `{"url": ..., "transport": "sse"}`.
    fn dict(&mut self, dict: &'a ExprDict) {
        let value = |name: &str| {
            dict.items
                .iter()
                .find(|item| item.key.as_ref().and_then(string_value) == Some(name))
                .map(|item| &item.value)
        };
        let transport = ["transport", "type"]
            .iter()
            .find_map(|name| value(name))
            .and_then(string_value)
            .and_then(Transport::of_word);
        if let (Some(url), Some(transport)) = (value("url"), transport) {
            self.connects(url, Some(transport));
        }
        for item in &dict.items {
            let key = item.key.as_ref().and_then(string_value);
            if key.is_some_and(speaks_of_mcp) {
                self.named.push(range(&item.value));
            }
        }
    }
}

fn speaks_of_mcp(name: &str) -> bool {
    name.to_ascii_lowercase().contains("mcp")
}

fn likely(value: Value<'_>) -> Option<String> {
    match value {
        Value::Either(_) => None,
        value => value.likely(),
    }
}

/// The address that a call connects to, and how.
fn client<'a>(
    semantic: &Semantic<'a>,
    unit: &Unit<'a>,
    call: &'a ExprCall,
) -> Option<(&'a Expr, Transport)> {
    let path = semantic.qualified(unit, &*call.func)?;
    let (package, _) = path.split_once('.')?;
    let last = path.rsplit('.').next()?;
    let (_, transport) = CLIENTS.iter().find(|(name, _)| *name == last)?;
    if !PACKAGES.contains(&package) {
        return None;
    }
    let keyword = |name: &str| {
        let mut keywords = call.arguments.keywords.iter();
        keywords
            .find(|each| each.arg.as_ref().is_some_and(|arg| arg.as_str() == name))
            .map(|each| &each.value)
    };
    let url = keyword("url").or_else(|| {
        // `MCPServerSse(params={"url": ...})`.
        let Expr::Dict(params) = keyword("params")? else {
            return None;
        };
        let mut items = params.items.iter();
        items
            .find(|item| item.key.as_ref().and_then(string_value) == Some("url"))
            .map(|item| &item.value)
    });
    Some((url.or_else(|| call.arguments.args.first())?, *transport))
}

/// The argument that a call hands to a parameter.
fn argument<'a>(
    call: &'a ExprCall,
    def: &'a nbfix_python::ast::StmtFunctionDef,
    name: &str,
) -> Option<&'a Expr> {
    let mut keywords = call.arguments.keywords.iter();
    let named = keywords.find(|each| each.arg.as_ref().is_some_and(|arg| arg.as_str() == name));
    if let Some(named) = named {
        return Some(&named.value);
    }
    let mut parameters = def.parameters.iter_non_variadic_params();
    let position = parameters.position(|each| each.parameter.name.as_str() == name)?;
    call.arguments.args.get(position)
}

/// The connections that a function makes.
struct Connections<'s, 'a> {
    semantic: &'s Semantic<'a>,
    unit: &'s Unit<'a>,
    found: Vec<(&'a Expr, Transport)>,
}

impl<'a> SourceOrderVisitor<'a> for Connections<'_, 'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        if let AnyNodeRef::ExprCall(call) = node {
            self.found.extend(client(self.semantic, self.unit, call));
        }
        TraversalSignal::Traverse
    }
}

impl<'a> SourceOrderVisitor<'a> for Finder<'_, 'a> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        match node {
            AnyNodeRef::ExprCall(call) => self.call(call),
            AnyNodeRef::ExprDict(dict) => self.dict(dict),
            AnyNodeRef::StmtAssign(assign) => {
                let speaks = |target: &Expr| {
                    let name = dotted(target).and_then(|(_, parts)| parts.last().copied());
                    name.is_some_and(speaks_of_mcp)
                };
                if assign.targets.iter().any(speaks) {
                    self.named.push(range(&*assign.value));
                }
            }
            AnyNodeRef::Keyword(keyword) => {
                let name = keyword.arg.as_ref().map_or("", |arg| arg.as_str());
                if speaks_of_mcp(name) {
                    self.named.push(range(&keyword.value));
                }
            }
            // An address that is of a server by its last word, or by what it is called.
            AnyNodeRef::ExprStringLiteral(literal) => {
                let (at, text) = (range(literal), literal.value.to_str());
                let is_one = !text.contains(char::is_whitespace) && text.starts_with("http");
                let last = Address::parse(text)
                    .map_or("", |it| it.trimmed().rsplit('/').next().unwrap_or_default());
                let of_server = matches!(last, "mcp" | "sse")
                    || self.named.iter().any(|named| named.covers(at));
                if let Some(says) = misplaced(text).filter(|_| is_one && of_server) {
                    self.report(at, text, says, None);
                }
            }
            _ => {}
        }
        TraversalSignal::Traverse
    }
}
