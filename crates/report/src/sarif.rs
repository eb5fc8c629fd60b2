//! SARIF 2.1.0, which GitHub and others take as the results of a scan.

use std::io::{self, Write};
use std::ops::Range;

use nbfix_lint::{Finding, Fix, Label, Rule};
use serde_json::{Value, json};

use crate::concise::crash_message;
use crate::fingerprint::fingerprints;
use crate::lines::Lines;
use crate::mask::{holds_secret, masked};
use crate::shared::Shared;
use crate::spot::{Extent, Physical, Spot, physical_edits, slashed};
use crate::texts::Texts;
use crate::{Document, Totals, group};

/// What stands before the results; they are parted by commas.
pub const SARIF_OPEN: &str = concat!(
    "{\"version\":\"2.1.0\",\"$schema\":\"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json\",",
    "\"runs\":[{\"results\":[\n"
);

/// Writes each finding as one result, one a line, parted by commas.
///
/// A region has the lines, columns (in characters) and bytes of the file; the logical location has the cell, and the
/// place in its source among its `properties`. The message begins with the latter, since most readers show nothing else.
/// A fix has its promise in `properties.safety`. One that mends several findings stands at the first of them; the others
/// name that one's fingerprint in `properties.fixedBy`.
///
/// # Errors
/// If `out` fails.
pub fn sarif(out: &mut impl Write, document: &Document) -> io::Result<()> {
    let texts = Texts::new(document);
    let uri = uri(&slashed(document.path));
    let fingerprints = fingerprints(document, &texts);
    let shared = Shared::of(document.findings);
    for (index, (finding, fingerprint)) in document.findings.iter().zip(&fingerprints).enumerate() {
        if index > 0 {
            out.write_all(b",\n")?;
        }
        let mut result = result(finding, fingerprint, &uri, document, &texts);
        if let Some(fix) = &finding.fix {
            let first = shared.find(fix).map_or(index, |(_, first)| first);
            if first == index {
                if let Some(fix) = fix_object(fix, &uri, document, texts.file()) {
                    result["fixes"] = json!([fix]);
                }
            } else {
                result["properties"] = json!({"fixedBy": fingerprints.get(first)});
            }
        }
        serde_json::to_writer(&mut *out, &result)?;
    }
    Ok(())
}

/// What stands behind the results: the rules that found something, as their pages describe them, and the panics.
/// `why` gives the reasons of a rule's page, in Markdown.
pub fn sarif_close(
    totals: &Totals,
    version: &str,
    why: impl Fn(&Rule) -> Option<String>,
) -> String {
    let rules = totals.rules.values().map(|total| {
        let rule = total.rule;
        let why = why(rule).unwrap_or_else(|| rule.summary.to_owned());
        json!({
            "id": rule.name,
            "shortDescription": {"text": rule.summary},
            "fullDescription": {"text": first_paragraph(&why)},
            "help": {"text": help(rule, &why), "markdown": help(rule, &why)},
            "defaultConfiguration": {"level": rule.level().as_str(), "enabled": rule.default},
            "properties": {"tags": [group(rule.group)]},
        })
    });
    let rules: Vec<Value> = rules.collect();
    let notifications = totals.crashes.iter().map(|(path, crash)| {
        json!({
            "level": "error",
            "message": {"text": crash_message(crash)},
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri(&slashed(path))}}}],
        })
    });
    let notifications: Vec<Value> = notifications.collect();
    let invocation = json!({
        "executionSuccessful": totals.crashes.is_empty(),
        "toolExecutionNotifications": notifications,
    });
    let tool = json!({"driver": {"name": "nbfix", "semanticVersion": version, "rules": rules}});
    format!(
        "\n],\"columnKind\":\"unicodeCodePoints\",\"invocations\":[{invocation}],\n\"tool\":{tool}}}]}}\n"
    )
}

/// What a reader shows in a list has to be short.
fn first_paragraph(why: &str) -> &str {
    why.trim().split("\n\n").next().unwrap_or_default()
}

fn help(rule: &Rule, why: &str) -> String {
    match rule.help {
        Some(help) => format!("{}\n\nWhat to do: {help}", why.trim()),
        None => why.trim().to_owned(),
    }
}

fn result<'a>(
    finding: &Finding,
    fingerprint: &str,
    uri: &str,
    document: &Document<'a>,
    texts: &Texts<'a>,
) -> Value {
    let spot = Spot::of(&finding.at, document, texts);
    let mut text = spot.said(&finding.message);
    if let Some(help) = &finding.help {
        text.push_str(&format!("\n{}", masked(help)));
    }
    let mut result = json!({
        "ruleId": finding.rule.name,
        "level": finding.level.as_str(),
        "message": {"text": text},
        "locations": [location(&spot, uri)],
        "partialFingerprints": {"nbfix/v1": fingerprint},
    });
    let related = |(id, label): (usize, &Label)| {
        let spot = Spot::of_span(label.span, document, texts);
        let mut location = location(&spot, uri);
        location["id"] = json!(id + 1);
        location["message"] = json!({"text": masked(&label.text)});
        location
    };
    let labels: Vec<Value> = finding.labels.iter().enumerate().map(related).collect();
    if !labels.is_empty() {
        result["relatedLocations"] = Value::Array(labels);
    }
    result
}

fn location(spot: &Spot, uri: &str) -> Value {
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": {"uri": uri},
            "region": region(&spot.physical.range, spot.physical.at),
        },
    });
    if let Some(cell) = spot.cell {
        let number = cell.number();
        let name = match spot.cell_id {
            Some(id) => format!("cell {number} (id {id})"),
            None => format!("cell {number}"),
        };
        let mut properties = json!({"cell": number, "cellId": spot.cell_id});
        if let Some(inside) = spot.inside {
            for (key, value) in [
                ("startLine", inside.start.line),
                ("startColumn", inside.start.column),
                ("endLine", inside.end.line),
                ("endColumn", inside.end.column),
            ] {
                properties[key] = json!(value);
            }
        }
        location["logicalLocations"] = json!([{
            "name": format!("cell {number}"),
            "fullyQualifiedName": name,
            "kind": "cell",
            "properties": properties,
        }]);
    }
    location
}

fn region(bytes: &Range<usize>, at: Extent) -> Value {
    json!({
        "startLine": at.start.line,
        "startColumn": at.start.column,
        "endLine": at.end.line,
        "endColumn": at.end.column,
        "byteOffset": bytes.start,
        "byteLength": bytes.len(),
    })
}

/// A fix; `None` if it changes nothing, or would repeat a secret of the file: `nbfix fix` makes it.
fn fix_object(fix: &Fix, uri: &str, document: &Document, file: &Lines) -> Option<Value> {
    let edits = physical_edits(fix, document);
    if edits
        .iter()
        .any(|edit| holds_secret(&edit.text, document.secrets))
    {
        return None;
    }
    let replacements = edits.into_iter().map(|edit| {
        let at = Physical::of(file, edit.range);
        json!({
            "deletedRegion": region(&at.range, at.at),
            "insertedContent": {"text": edit.text},
        })
    });
    let replacements: Vec<Value> = replacements.collect();
    if replacements.is_empty() {
        return None;
    }
    let text = match &fix.caution {
        Some(caution) => format!("{}. {caution}", fix.title.trim_end_matches('.')),
        None => fix.title.clone(),
    };
    Some(json!({
        "description": {"text": masked(&text)},
        "artifactChanges": [{"artifactLocation": {"uri": uri}, "replacements": replacements}],
        "properties": {"safety": fix.safety.as_str()},
    }))
}

/// A path as the reference of a URI: relative ones stay relative.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    if path.starts_with('/') {
        out.push_str("file://");
    }
    for byte in path.bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
