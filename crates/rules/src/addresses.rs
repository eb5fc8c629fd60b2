//! What an address of a service says, as far as it is known.

/// Hosts of Azure's resources that serve models.
const AZURE: [&str; 3] = [
    ".openai.azure.com",
    ".cognitiveservices.azure.com",
    ".services.ai.azure.com",
];

/// What names speak of something that stands between the notebook and the service, and has paths of its own.
const BETWEEN: [&str; 8] = [
    "apim", "gateway", "proxy", "litellm", "router", "mock", "backend", "facade",
];

/// An address in its parts, as [`nbfix_semantic::values::Value::likely`] writes it: what is not known stands as `{name}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address<'t> {
    /// `http` or `https`; empty where it is not known.
    pub(crate) scheme: &'t str,
    /// The host without its port, or `{name}` for all that stands before the path.
    pub(crate) host: &'t str,
    /// The port, as written.
    pub(crate) port: Option<&'t str>,
    /// What follows, with its slash; empty or from `/` to `?`.
    pub(crate) path: &'t str,
    /// What stands behind the `?`.
    pub(crate) query: Option<&'t str>,
}

impl<'t> Address<'t> {
    /// Takes an address apart; `None` if the text is none.
    pub(crate) fn parse(text: &'t str) -> Option<Self> {
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme @ ("http" | "https"), rest)) => (scheme, rest),
            Some(_) => return None,
            None if text.starts_with('{') => ("", text),
            None => return None,
        };
        let end = outside(rest, &['/', '?']).unwrap_or(rest.len());
        let (server, rest) = rest.split_at(end);
        let (host, port) = match outside(server, &[':']) {
            Some(at) => (&server[..at], Some(&server[at + 1..])),
            None => (server, None),
        };
        let (path, query) = match outside(rest, &['?']) {
            Some(at) => (&rest[..at], Some(&rest[at + 1..])),
            None => (rest, None),
        };
        (!host.is_empty()).then_some(Self {
            scheme,
            host,
            port,
            path,
            query,
        })
    }

    /// Whether it is a resource of Azure's that serves models.
    pub(crate) fn is_azure(&self) -> bool {
        let host = self.host.to_ascii_lowercase();
        AZURE.iter().any(|end| host.ends_with(end))
    }

    /// Whether nothing is known of the server, and its name does not speak of a gateway.
    pub(crate) fn may_be_azure(&self) -> bool {
        let host = self.host.to_ascii_lowercase();
        self.is_azure()
            || (host.starts_with('{')
                && host.ends_with('}')
                && !BETWEEN.iter().any(|word| host.contains(word)))
    }

    /// The path without a slash at its end.
    pub(crate) fn trimmed(&self) -> &'t str {
        self.path.trim_end_matches('/')
    }
}

/// The first of these characters that stands in no `{name}`.
fn outside(text: &str, wanted: &[char]) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            c if depth == 0 && wanted.contains(&c) => return Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let parse = Address::parse;
        let one = parse("https://a.openai.azure.com/openai/v1/?api-version=1");
        assert_eq!(
            one.map(|it| (it.host, it.path, it.query, it.is_azure())),
            Some((
                "a.openai.azure.com",
                "/openai/v1/",
                Some("api-version=1"),
                true
            ))
        );
        let two = parse("{config.endpoint}/openai/deployments/{...}/embeddings");
        assert_eq!(
            two.map(|it| (it.host, it.path, it.may_be_azure())),
            Some((
                "{config.endpoint}",
                "/openai/deployments/{...}/embeddings",
                true
            ))
        );
        let three = parse("http://{name}.azurecontainer.io:8080/mcp");
        assert_eq!(
            three.map(|it| (it.scheme, it.host, it.port, it.path)),
            Some(("http", "{name}.azurecontainer.io", Some("8080"), "/mcp"))
        );
        assert!(parse("{apim_gateway_url}/openai/x").is_some_and(|it| !it.may_be_azure()));
        assert_eq!(parse("wss://a/b"), None);
        assert_eq!(parse("a/b"), None);
        assert_eq!(parse("https:///x"), None);
    }
}
