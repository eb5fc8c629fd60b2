//! `mcp-endpoint`: addresses at which no MCP server can answer, and servers that the loaded configuration does not have.

use nbfix_ipynb::CellId;
use nbfix_lint::{Check, Findings, Report};
use nbfix_python::ast::{AnyNodeRef, Expr, ExprCall, ExprContext, ExprDict, ExprSubscript};
use nbfix_python::{SourceOrderVisitor, TraversalSignal, dotted, range, string_value};
use nbfix_semantic::values::{Arguments, Body, Value};
use nbfix_semantic::{BindingKind, ProgramId, Semantic, Unit};
use nbfix_text::TextRange;

use crate::addresses::Address;
use crate::mcp_files::{self, McpFile};

pub(crate) const CHECK: Check = Check::Notebook(check);

/// How a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transport {
    /// One address for requests, by convention `/mcp`.
    Http,
    /// The older one of two addresses, the first by convention `/sse`.
    Sse,
}

impl Transport {
    fn of_word(word: &str) -> Option<Self> {
        match word {
            "sse" => Some(Self::Sse),
            "http" | "streamable_http" | "streamable-http" | "streamableHttp" => Some(Self::Http),
            _ => None,
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Http => "streamable HTTP",
            Self::Sse => "SSE",
        }
    }
}

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

/// What is wrong with an address of a server, whoever asks it.
fn misplaced(text: &str) -> Option<&'static str> {
    let address = Address::parse(text)?;
    let host = address.host.to_ascii_lowercase();
    if host.ends_with(".azurecontainer.io") {
        return match (address.scheme, address.port) {
            ("https", _) => Some("instance-tls"),
            (_, None) => Some("instance-port"),
            _ => None,
        };
    }
    if host.ends_with(".azurecontainerapps.io") {
        return match (address.scheme, address.port) {
            (_, Some(port)) if port != "443" && port != "80" => Some("app-port"),
            ("http", _) => Some("app-tls"),
            _ => None,
        };
    }
    None
}

/// Whether the transport is not that of the address's last word.
fn crossed(text: &str, transport: Transport) -> bool {
    let Some(address) = Address::parse(text) else {
        return false;
    };
    let last = address.trimmed().rsplit('/').next().unwrap_or_default();
    match transport {
        Transport::Http => last == "sse",
        Transport::Sse => last == "mcp",
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

/// The address without what follows `?`, which may hold a key.
fn without_query(url: &str) -> &str {
    url.split('?').next().unwrap_or(url)
}

fn help(says: &str) -> &'static str {
    match says {
        "instance-tls" | "instance-port" => {
            "use `http://` and the container's port, as in `http://NAME.REGION.azurecontainer.io:8000/mcp`"
        }
        "app-port" | "app-tls" => {
            "use `https://` and no port, as in `https://NAME.ENVIRONMENT.REGION.azurecontainerapps.io/mcp`"
        }
        "missing" | "missing-in-lines" => {
            "ask with `.get(...)`, and go on without the server; or add it to the file"
        }
        _ => {
            "servers of both kinds say so in the last word of their address: `/mcp` for streamable HTTP, `/sse` for SSE"
        }
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

/// What is wrong with the files that the notebook loads, and with what it asks of them.
fn loaded(semantic: &Semantic<'_>) -> Vec<(CellId, TextRange, Report)> {
    let mut reports = Vec::new();
    for (path, text) in semantic.data_files() {
        let Some(file) = mcp_files::read(text) else {
            continue;
        };
        let mut finder = Loads {
            semantic,
            path,
            file: &file,
            unit: None,
            places: Vec::new(),
            asked: Vec::new(),
        };
        for unit in semantic.units_of(ProgramId::DOCUMENT) {
            finder.cell(unit);
        }
        // A file that the notebook itself writes is another one when it runs.
        if finder.places.iter().any(|(_, _, reads)| !reads) {
            continue;
        }
        let Some((cell, at, _)) = finder.places.first().copied() else {
            continue;
        };
        let wrong = file.urls.iter().find_map(|(name, url, transport)| {
            let transport = transport.as_deref().and_then(Transport::of_word);
            let says = misplaced(url).or_else(|| {
                let crossed = transport.is_some_and(|it| crossed(url, it));
                crossed.then_some("crossed")
            })?;
            Some((name, url, says, transport))
        });
        if let Some((name, url, says, transport)) = wrong {
            let mut report = Report::at(cell, at)
                .with("url", without_query(url))
                .with("file", path)
                .with("name", name)
                .with("transport", transport.map_or("", Transport::label))
                .help(format!("`{name}` in `{path}`: {}", help(says)));
            if says != "instance-tls" {
                report = report.says(says);
            }
            reports.push((cell, at, report));
        }
        for (asking, place, name) in finder.asked {
            let known = file.names.join("`, `");
            let report = Report::at(asking, place)
                .with("name", name)
                .with("file", path)
                .says("missing")
                .label(cell, at, format!("it has `{known}`"))
                .help(help("missing"));
            reports.push((asking, place, report));
        }
    }
    reports
}

/// Where a file is named, and what is asked of it.
struct Loads<'s, 'a, 'f> {
    semantic: &'s Semantic<'a>,
    path: &'f str,
    file: &'f McpFile,
    unit: Option<&'s Unit<'a>>,
    /// Where its name stands, and whether it is read there.
    places: Vec<(CellId, TextRange, bool)>,
    asked: Vec<(CellId, TextRange, String)>,
}

impl<'s, 'a> Loads<'s, 'a, '_> {
    fn cell(&mut self, unit: &'s Unit<'a>) {
        self.unit = Some(unit);
        self.visit_body(unit.module.body());
    }

    /// `servers["docs"]`, where `servers` is what the file holds.
    fn subscript(&mut self, subscript: &'a ExprSubscript) {
        let Some(unit) = self.unit else { return };
        let Some(name) = string_value(&subscript.slice) else {
            return;
        };
        if subscript.ctx != ExprContext::Load || self.file.has(name) || is_guarded(unit, name) {
            return;
        }
        let is_section = self.file.section.as_deref() == Some(name);
        if self.holds(unit, &subscript.value, 0)
            || (!is_section && self.is_made_of_lines(&subscript.value, name))
        {
            let at = range(subscript);
            self.asked.push((unit.cell, at, name.to_owned()));
        }
    }

    /// Whether an expression is a table of servers that the notebook fills from the lines of the file, none of which
    /// speaks of this one: `MCP_SERVERS["docs"]`, where no line is `DOCS_MCP_URL=...`.
    fn is_made_of_lines(&self, expr: &'a Expr, name: &str) -> bool {
        let Expr::Name(table) = expr else {
            return false;
        };
        let table = table.id.as_str();
        let lower = table.to_ascii_lowercase();
        if !self.file.lines || !lower.contains("mcp") || !lower.contains("server") {
            return false;
        }
        let plain = |text: &str| text.to_ascii_lowercase().replace(['-', '_', ' '], "");
        if self
            .file
            .names
            .iter()
            .any(|line| plain(line).contains(&plain(name)))
        {
            return false;
        }
        // A table whose entries are written down, or set one by one, has what it has.
        let bindings = self.semantic.bindings(ProgramId::DOCUMENT, table);
        let fills = |binding: &nbfix_semantic::Binding<'_>| match binding.kind {
            BindingKind::Value(Expr::Dict(dict)) => dict.items.is_empty(),
            BindingKind::Value(value) => matches!(value, Expr::DictComp(_) | Expr::Call(_)),
            _ => false,
        };
        let sets = [
            format!("{table}[\"{name}\"] ="),
            format!("{table}['{name}'] ="),
        ];
        let mut units = self.semantic.units_of(ProgramId::DOCUMENT);
        bindings.len() == 1
            && bindings.iter().all(fills)
            && !units.any(|unit| sets.iter().any(|set| unit.source.contains(set.as_str())))
    }

    /// Whether an expression is the table of servers of the file.
    fn holds(&self, unit: &Unit<'a>, expr: &'a Expr, depth: usize) -> bool {
        if depth > 6 {
            return false;
        }
        match expr {
            Expr::Name(name) => {
                let at = range(name).start();
                let Some(binding) = self.semantic.binding(unit, name.id.as_str(), at) else {
                    return false;
                };
                let Some(home) = self.semantic.unit(binding.unit) else {
                    return false;
                };
                match binding.kind {
                    BindingKind::Value(value) => self.holds(home, value, depth + 1),
                    _ => false,
                }
            }
            Expr::Subscript(inner) => {
                let key = string_value(&inner.slice);
                self.file.section.is_some()
                    && key == self.file.section.as_deref()
                    && self.is_file(unit, &inner.value, depth + 1)
            }
            Expr::Call(call) => {
                // `config.get("mcpServers", {})`.
                if let Expr::Attribute(method) = &*call.func
                    && method.attr.as_str() == "get"
                    && self.file.section.is_some()
                    && call.arguments.args.first().and_then(string_value)
                        == self.file.section.as_deref()
                {
                    return self.is_file(unit, &method.value, depth + 1);
                }
                self.file.section.is_none() && self.is_file(unit, expr, depth)
            }
            _ => false,
        }
    }

    /// Whether an expression is what the whole file holds: `json.load(...)` of it, or a name for that.
    fn is_file(&self, unit: &Unit<'a>, expr: &'a Expr, depth: usize) -> bool {
        if depth > 6 {
            return false;
        }
        match expr {
            Expr::Name(name) => {
                let at = range(name).start();
                let Some(binding) = self.semantic.binding(unit, name.id.as_str(), at) else {
                    return false;
                };
                match (binding.kind.clone(), self.semantic.unit(binding.unit)) {
                    (BindingKind::Value(value) | BindingKind::With(value), Some(home)) => {
                        self.is_file(home, value, depth + 1)
                    }
                    _ => false,
                }
            }
            Expr::Call(call) => {
                let path = self.semantic.qualified(unit, &*call.func);
                if matches!(
                    path.as_deref(),
                    Some("json.load" | "json.loads" | "open" | "pathlib.Path")
                ) {
                    let first = call.arguments.args.first();
                    return first.is_some_and(|first| self.is_file(unit, first, depth + 1));
                }
                match (&*call.func, path.as_deref()) {
                    (_, Some("dotenv.dotenv_values")) => call
                        .arguments
                        .args
                        .first()
                        .is_some_and(|first| self.is_file(unit, first, depth + 1)),
                    (Expr::Attribute(method), _)
                        if matches!(
                            method.attr.as_str(),
                            "read" | "read_text" | "open" | "read_bytes"
                        ) =>
                    {
                        self.is_file(unit, &method.value, depth + 1)
                    }
                    _ => false,
                }
            }
            other => string_value(other) == Some(self.path),
        }
    }
}

/// Whether the cell asks first whether the name is there.
fn is_guarded(unit: &Unit<'_>, name: &str) -> bool {
    let quoted = [format!("\"{name}\" in "), format!("'{name}' in ")];
    quoted
        .iter()
        .any(|text| unit.source.contains(text.as_str()))
        || unit.source.contains("KeyError")
}

impl<'a> SourceOrderVisitor<'a> for Loads<'_, 'a, '_> {
    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        let Some(unit) = self.unit else {
            return TraversalSignal::Skip;
        };
        match node {
            AnyNodeRef::ExprSubscript(subscript) => self.subscript(subscript),
            AnyNodeRef::ExprCall(call) => {
                // `open(path, "w")` makes another file.
                let text = range(call).of(unit.source);
                let writes = ["\"w\"", "'w'", "\"a\"", "'a'", ".write_text("]
                    .iter()
                    .any(|word| text.contains(word));
                if writes && text.contains(self.path) {
                    self.places.push((unit.cell, range(call), false));
                }
            }
            AnyNodeRef::ExprStringLiteral(literal) if literal.value.to_str() == self.path => {
                self.places.push((unit.cell, range(literal), true));
            }
            _ => {}
        }
        TraversalSignal::Traverse
    }
}
