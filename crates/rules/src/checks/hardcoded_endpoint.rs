//! `hardcoded-endpoint`: the address of somebody's own resource, written into the code.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use nbfix_ipynb::CellId;
use nbfix_lint::{Check, Findings, Report};
use nbfix_python::ast::{AnyNodeRef, Expr, Stmt};
use nbfix_python::{SourceOrderVisitor, TraversalSignal, range};
use nbfix_semantic::config_cell::is_setting;
use nbfix_semantic::{ProgramId, Semantic, Unit};
use nbfix_text::TextRange;
use regex::bytes::{Regex, RegexBuilder};

use crate::model_constants::{Constants, Naming, Place, Wanted, long_names};
use crate::settings::Settings;

pub(crate) const CHECK: Check = Check::Notebook(check);

/// What stands in the host of a resource of one's own, and what its constant is called.
const HOSTS: &[(&str, &str)] = &[
    (".openai.azure.com", "AZURE_OPENAI_ENDPOINT"),
    (".cognitiveservices.azure.com", "AZURE_AI_SERVICES_ENDPOINT"),
    (".services.ai.azure.com", "AZURE_AI_ENDPOINT"),
    (".inference.ml.azure.com", "AZURE_ML_ENDPOINT"),
    (".azure-api.net", "APIM_GATEWAY_URL"),
    (".search.windows.net", "AZURE_SEARCH_ENDPOINT"),
    (".documents.azure.com", "COSMOS_ENDPOINT"),
    (".vault.azure.net", "AZURE_KEY_VAULT_URL"),
    (".database.windows.net", "AZURE_SQL_SERVER"),
    (".redis.cache.windows.net", "REDIS_HOST"),
    (".redis.azure.net", "REDIS_HOST"),
    (".servicebus.windows.net", "SERVICE_BUS_NAMESPACE"),
    (".azurecontainerapps.io", "CONTAINER_APP_URL"),
    (".azurecontainer.io", "CONTAINER_URL"),
    (".azurewebsites.net", "WEB_APP_URL"),
    (".sagemaker.aws", "SAGEMAKER_URL"),
    (".execute-api.", "API_GATEWAY_URL"),
    (".rds.amazonaws.com", "DATABASE_HOST"),
    (".es.amazonaws.com", "OPENSEARCH_ENDPOINT"),
    (".aoss.amazonaws.com", "OPENSEARCH_ENDPOINT"),
    (".svc.pinecone.io", "PINECONE_HOST"),
    (".pinecone.io", "PINECONE_HOST"),
    (".cloud.qdrant.io", "QDRANT_URL"),
    (".weaviate.network", "WEAVIATE_URL"),
    (".weaviate.cloud", "WEAVIATE_URL"),
    (".mongodb.net", "MONGODB_URI"),
    (".supabase.co", "SUPABASE_URL"),
    (".snowflakecomputing.com", "SNOWFLAKE_HOST"),
    (".azuredatabricks.net", "DATABRICKS_HOST"),
    (".cloud.databricks.com", "DATABRICKS_HOST"),
];

/// What names of constants for such addresses hold.
const WORDS: [&str; 7] = [
    "endpoint", "url", "host", "uri", "server", "base", "address",
];

/// Names and hosts that stand for the reader's own, or that a library's documentation shows to everybody.
const PLACEHOLDERS: &[&str] = &[
    "20.102.90.50", // ColBERTv2, for everybody who learns dspy
    "your",
    "<",
    ">",
    "{",
    "xxx",
    "example",
    "contoso",
    "placeholder",
    "changeme",
    "replace",
    "foo",
    "dummy",
    "sample",
    "resource-name",
    "resourcename",
    "my-",
    "my_",
    "myresource",
    "mysearch",
    "myaccount",
    "...",
    "***",
    "todo",
    "insert",
    "name.",
    "endpoint.",
    "account.",
    "service.",
];

/// Functions whose text arguments are for people, or only compared.
const READ_BY_PEOPLE: [&str; 7] = [
    "print",
    "display",
    "Markdown",
    "HTML",
    "Image",
    "startswith",
    "endswith",
];

/// An address of four numbers behind a scheme, with a port or not.
static NUMBERS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    RegexBuilder::new(r"^(?:https?|redis|amqps?|wss?|grpc|mongodb|postgres(?:ql)?)://(\d{1,3}(?:\.\d{1,3}){3})(?:[:/]|$)")
        .unicode(false)
        .build()
        .ok()
});

const NAMING: Naming = Naming {
    speaks: Some(|name| {
        let name = name.to_lowercase();
        WORDS.iter().any(|word| name.contains(word))
    }),
    names: long_names,
};

fn kind(text: &str) -> &'static str {
    let known = HOSTS.iter().find(|(host, _)| text.contains(host));
    known.map_or("SERVICE_URL", |(_, name)| name)
}

/// Whether the text is the address of a resource that belongs to somebody.
fn is_personal(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    if lower.contains(char::is_whitespace) || PLACEHOLDERS.iter().any(|word| lower.contains(word)) {
        return false;
    }
    if HOSTS.iter().any(|(host, _)| lower.contains(host)) {
        // A bare domain, or one that belongs to everybody, names no resource.
        let host = lower.split("//").last().unwrap_or(&lower);
        let label = host.split('.').next().unwrap_or_default();
        return label.len() > 2
            && !matches!(
                label,
                "www" | "api" | "docs" | "portal" | "app" | "management"
            );
    }
    let numbers = NUMBERS
        .as_ref()
        .and_then(|numbers| numbers.captures(text.as_bytes()));
    let address = numbers
        .and_then(|found| found.get(1))
        .and_then(|found| std::str::from_utf8(found.as_bytes()).ok());
    address.is_some_and(is_somewhere)
}

/// Whether the address is that of one machine in the world: not this one, not one of a private network, not one of the
/// blocks that documents use.
fn is_somewhere(address: &str) -> bool {
    let Ok(address) = address.parse::<std::net::Ipv4Addr>() else {
        return false;
    };
    !(address.is_loopback()
        || address.is_private()
        || address.is_unspecified()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_broadcast()
        || address.octets() == [1, 2, 3, 4])
}

fn check<'a>(semantic: &Semantic<'a>, findings: &mut Findings<'_>) {
    let mut places: BTreeMap<&'a str, Vec<Place>> = BTreeMap::new();
    let mut order: Vec<&'a str> = Vec::new();
    for unit in semantic.units_of(ProgramId::DOCUMENT) {
        if !unit.source.contains("://") && !HOSTS.iter().any(|(host, _)| unit.source.contains(host))
        {
            continue;
        }
        let mut finder = Finder {
            unit,
            told: Vec::new(),
            found: Vec::new(),
        };
        finder.visit_body(unit.module.body());
        for (text, at) in finder.found {
            let host = shown(text);
            let host = host.split("://").last().unwrap_or_default();
            let host = host.split(':').next().unwrap_or_default();
            let endpoints = &Settings::of(findings).endpoints;
            if endpoints.allows(host) || findings.is_allowed(unit.cell, at) {
                continue;
            }
            if !order.contains(&text) {
                order.push(text);
            }
            places.entry(text).or_default().push(Place {
                unit: unit.index,
                at,
            });
        }
    }
    if order.is_empty() {
        return;
    }
    let all: Vec<Wanted<'_>> = order
        .iter()
        .filter_map(|text| {
            Some(Wanted {
                text,
                kind: kind(text),
                places: places.get(text)?.as_slice(),
            })
        })
        .collect();
    let constants = Constants::plan(semantic, &all, &BTreeMap::new(), &NAMING, None);
    for each in all {
        findings.extend(report(semantic, each.text, each.places, &constants));
    }
}

fn report(
    semantic: &Semantic<'_>,
    text: &str,
    places: &[Place],
    constants: &Constants,
) -> Option<Report> {
    let cell = |place: &Place| {
        semantic
            .units()
            .get(place.unit)
            .map_or(CellId(0), |unit| unit.cell)
    };
    let (first, others) = places.split_first()?;
    let mut report = Report::at(cell(first), first.at)
        .with("endpoint", shown(text))
        .with("count", places.len().to_string());
    if !others.is_empty() {
        report = report.says("several");
    }
    for other in others {
        report = report.label(cell(other), other.at, "and here");
    }
    if let Some((unit, at, name)) = constants.known(text) {
        let home = semantic
            .units()
            .get(*unit)
            .map_or(CellId(0), |unit| unit.cell);
        let label = format!("`{name}` holds it already");
        report = report
            .says("copied")
            .with("name", name)
            .label(home, *at, label);
    }
    for (cell, edit) in constants.edits() {
        report = report.edit(*cell, edit.clone());
    }
    Some(report)
}

/// Whether an expression is a list of settings: nothing in it is made by a call.
fn is_table(expr: &Expr) -> bool {
    match expr {
        Expr::List(list) => list.elts.iter().all(is_table),
        Expr::Tuple(tuple) => tuple.elts.iter().all(is_table),
        Expr::Dict(dict) => dict.items.iter().all(|item| is_table(&item.value)),
        Expr::Name(_) => true,
        other => other.is_literal_expr(),
    }
}

/// An address without what follows its host: keys stand there sometimes.
fn shown(text: &str) -> String {
    let start = text.find("://").map_or(0, |at| at + 3);
    let end = text[start..]
        .find(['/', '?'])
        .map_or(text.len(), |at| start + at);
    // What stands before an `@` is a name and a password.
    let host = text[start..end].rsplit('@').next().unwrap_or_default();
    format!("{}{host}", &text[..start])
}

struct Finder<'u, 'a> {
    unit: &'u Unit<'a>,
    /// Texts for people.
    told: Vec<TextRange>,
    found: Vec<(&'a str, TextRange)>,
}

impl<'a> Finder<'_, 'a> {
    /// Whether a statement of the top level sets a name, or an entry of the environment, to a text: there it belongs.
    fn settles(stmt: &Stmt) -> bool {
        is_setting(stmt)
            || match stmt {
                Stmt::Assign(assign) => {
                    let plain = matches!(
                        &*assign.value,
                        Expr::StringLiteral(_) | Expr::Dict(_) | Expr::BoolOp(_)
                    ) || is_table(&assign.value);
                    plain
                        && !assign
                            .targets
                            .iter()
                            .any(|target| target.is_attribute_expr())
                }
                Stmt::AnnAssign(_) => true,
                _ => false,
            }
    }
}

impl<'a> SourceOrderVisitor<'a> for Finder<'_, 'a> {
    fn visit_body(&mut self, body: &'a [Stmt]) {
        for stmt in body {
            // A setting is where such a text belongs, whatever the cell.
            if !Self::settles(stmt) {
                self.visit_stmt(stmt);
            }
        }
    }

    fn enter_node(&mut self, node: AnyNodeRef<'a>) -> TraversalSignal {
        if let AnyNodeRef::StmtExpr(statement) = node
            && statement.value.is_string_literal_expr()
        {
            // A text that stands alone is a comment.
            return TraversalSignal::Skip;
        }
        if let AnyNodeRef::ExprCall(call) = node {
            // What is printed is read by people, and what is asked for is checked by them.
            let name =
                nbfix_python::dotted(&*call.func).and_then(|(_, parts)| parts.last().copied());
            if name.is_some_and(|name| READ_BY_PEOPLE.contains(&name)) {
                self.told.extend(call.arguments.args.iter().map(range));
            }
        }
        if let AnyNodeRef::ExprStringLiteral(literal) = node {
            let text = literal.value.to_str();
            let at = range(literal);
            let whole = self
                .unit
                .source
                .get(at.start()..at.end())
                .unwrap_or_default();
            let is_raw = whole.starts_with(['r', 'R', 'b', 'B']);
            let is_one = matches!(literal.value.as_slice(), [_]);
            if is_one
                && !self.told.contains(&at)
                && !is_raw
                && text.len() < 200
                && is_personal(text)
            {
                self.found.push((text, at));
            }
        }
        TraversalSignal::Traverse
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_of_somebody_are_told_from_those_of_everybody() {
        for text in [
            "https://lab-eastus-7f3.openai.azure.com/",
            "https://fabrikam-apim.azure-api.net/v1",
            "http://20.51.7.9:8080/sse",
            "wss://20.51.7.9/ws",
        ] {
            assert!(is_personal(text), "{text}");
        }
        for text in [
            "https://your-resource.openai.azure.com",
            "https://<name>.search.windows.net",
            "http://127.0.0.1:8000",
            "http://10.0.0.4",
            "http://192.0.2.1/x",
            "https://api.openai.com/v1",
            "https://learn.microsoft.com/azure",
            "https://pypi.org/simple",
            "1.2.3.4",
        ] {
            assert!(!is_personal(text), "{text}");
        }
        assert_eq!(
            shown("mongodb://a:b@lab-7.mongodb.net/x?y=1"),
            "mongodb://lab-7.mongodb.net"
        );
    }
}
