//! Files that name MCP servers: `mcp.json` in its two forms, and lines like those of a `.env` file.

use serde_json::Value;

/// What such a file holds.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct McpFile {
    /// The key below which the servers stand; `None` if they stand at the top.
    pub(crate) section: Option<String>,
    /// Whether it is made of lines, and no JSON.
    pub(crate) lines: bool,
    /// The servers, or the names of the lines.
    pub(crate) names: Vec<String>,
    /// Of those that have one: the name, the address, and how it says that one speaks with it.
    pub(crate) urls: Vec<(String, String, Option<String>)>,
}

impl McpFile {
    /// Whether it has a server of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }
}

/// Reads a file; `None` if it is none that names servers.
pub(crate) fn read(text: &str) -> Option<McpFile> {
    if text.trim_start().starts_with('{') {
        return json(&serde_json::from_str(text).ok()?);
    }
    lines(text)
}

fn json(whole: &Value) -> Option<McpFile> {
    let sections = ["mcpServers", "servers", "mcp_servers"];
    let section = sections
        .iter()
        .find(|name| whole.get(name).is_some_and(Value::is_object));
    let servers = match section {
        Some(name) => whole.get(name)?,
        None => whole,
    };
    let servers = servers.as_object()?;
    let text =
        |server: &Value, key: &str| server.get(key).and_then(Value::as_str).map(str::to_owned);
    let url = |server: &Value| match server {
        Value::String(url) if url.starts_with("http") => Some(url.clone()),
        other => text(other, "url").or_else(|| text(other, "serverUrl")),
    };
    let is_server = |server: &Value| url(server).is_some() || server.get("command").is_some();
    // A table of something else says nothing about servers.
    if servers.is_empty() || !servers.values().any(is_server) {
        return None;
    }
    Some(McpFile {
        section: section.map(|name| (*name).to_owned()),
        lines: false,
        names: servers.keys().cloned().collect(),
        urls: servers
            .iter()
            .filter_map(|(name, server)| {
                let transport = text(server, "transport").or_else(|| text(server, "type"));
                Some((name.clone(), url(server)?, transport))
            })
            .collect(),
    })
}

fn lines(text: &str) -> Option<McpFile> {
    let mut file = McpFile {
        lines: true,
        ..McpFile::default()
    };
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        // What is no such line makes it no such file.
        let (name, value) = line.trim_start_matches("export ").split_once('=')?;
        let name = name.trim();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if name.is_empty() || !name.chars().all(plain) {
            return None;
        }
        let value = value.trim().trim_matches(['"', '\'']);
        file.names.push(name.to_owned());
        if value.starts_with("http") {
            file.urls.push((name.to_owned(), value.to_owned(), None));
        }
    }
    (!file.urls.is_empty()).then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_found_in_every_form() {
        let code = read(
            r#"{"servers": {"docs": {"type": "http", "url": "http://a/mcp"}, "git": {"command": "git"}}}"#,
        );
        let code = code.unwrap_or_default();
        assert_eq!(code.section.as_deref(), Some("servers"));
        assert!(code.has("docs") && code.has("git") && !code.has("mail"));
        assert_eq!(code.urls.len(), 1);
        let bare = read(r#"{"docs": "https://a/mcp"}"#).unwrap_or_default();
        assert_eq!((bare.section, bare.urls.len()), (None, 1));
        let lines = read("# servers\nDOCS_MCP_URL=http://a:8000\nexport TOKEN=\"x\"\n");
        let lines = lines.unwrap_or_default();
        assert_eq!(lines.names, ["DOCS_MCP_URL", "TOKEN"]);
        assert_eq!(lines.urls.len(), 1);
        for nothing in ["", "{", "[1]", r#"{"a": 1}"#, "hello there", "A=1"] {
            assert_eq!(read(nothing), None, "{nothing}");
        }
    }
}
