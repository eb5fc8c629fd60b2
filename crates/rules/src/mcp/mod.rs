//! Servers of tools: how one speaks with them, where none can answer, and what files say of them.

mod files;
pub(crate) mod loads;

use crate::addresses::Address;

/// How a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    /// One address for requests, by convention `/mcp`.
    Http,
    /// The older one of two addresses, the first by convention `/sse`.
    Sse,
}

impl Transport {
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        match word {
            "sse" => Some(Self::Sse),
            "http" | "streamable_http" | "streamable-http" | "streamableHttp" => Some(Self::Http),
            _ => None,
        }
    }

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Http => "streamable HTTP",
            Self::Sse => "SSE",
        }
    }
}

/// What is wrong with an address of a server, whoever asks it.
pub(crate) fn misplaced(text: &str) -> Option<&'static str> {
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
pub(crate) fn crossed(text: &str, transport: Transport) -> bool {
    let Some(address) = Address::parse(text) else {
        return false;
    };
    let last = address.trimmed().rsplit('/').next().unwrap_or_default();
    match transport {
        Transport::Http => last == "sse",
        Transport::Sse => last == "mcp",
    }
}

/// The address without what follows `?`, which may hold a key.
pub(crate) fn without_query(url: &str) -> &str {
    url.split('?').next().unwrap_or(url)
}

pub(crate) fn help(says: &str) -> &'static str {
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
