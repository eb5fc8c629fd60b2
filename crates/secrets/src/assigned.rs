//! Values that are assigned to a name of a secret.

use std::ops::Range;
use std::sync::LazyLock;

use regex::bytes::{Regex, RegexBuilder};

use crate::value::is_secret;
use crate::{Detector, Secret, What};

/// All kinds.
pub(crate) const KINDS: [Kind; 4] = [Kind::Password, Kind::Key, Kind::Token, Kind::Secret];

/// What a name says of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A password; people choose it.
    Password,
    /// A key of a service.
    Key,
    /// A token.
    Token,
    /// A client's or an application's secret.
    Secret,
}

impl Kind {
    /// The name by which a project switches it off.
    pub fn id(self) -> &'static str {
        match self {
            Kind::Password => "assigned-password",
            Kind::Key => "assigned-key",
            Kind::Token => "assigned-token",
            Kind::Secret => "assigned-secret",
        }
    }

    pub(crate) fn noun(self) -> &'static str {
        match self {
            Kind::Password => "a password",
            Kind::Key => "an API key",
            Kind::Token => "a token",
            Kind::Secret => "a secret",
        }
    }
}

/// What names of secrets end with.
static WORDS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let words = r"(?i)passw(?:or)?d|passphrase|pwd|secret|token|key|authorization";
    RegexBuilder::new(words).unicode(false).build().ok()
});

/// `scheme://user:password@host`.
static ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let address = r#"[a-z][a-z0-9+]{2,20}://(?P<user>[^\s:/@"'`<>{}$]*):(?P<s>[^\s/@"'`<>{}$]{6,100})@(?P<host>[A-Za-z0-9.-]+)"#;
    RegexBuilder::new(address).unicode(false).build().ok()
});

/// Ends of names, without `_` and in lower case, of keys.
const KEYS: &[&str] = &[
    "apikey",
    "accesskey",
    "secretkey",
    "authkey",
    "accountkey",
    "subscriptionkey",
    "sharedkey",
    "sharedaccesskey",
    "adminkey",
    "querykey",
    "masterkey",
    "storagekey",
    "servicekey",
    "signingkey",
    "encryptionkey",
    "functionkey",
    "hostkey",
    "appkey",
];

/// What stands before `key` in names of keys.
const VENDORS: &[&str] = &[
    "openai",
    "azure",
    "aoai",
    "cosmos",
    "cosmosdb",
    "search",
    "speech",
    "vision",
    "translator",
    "language",
    "cognitive",
    "storage",
    "blob",
    "apim",
    "bing",
    "serp",
    "serpapi",
    "tavily",
    "cohere",
    "pinecone",
    "anthropic",
    "claude",
    "gemini",
    "google",
    "groq",
    "mistral",
    "together",
    "replicate",
    "weaviate",
    "qdrant",
    "langchain",
    "langsmith",
    "wandb",
    "nvidia",
    "ngc",
    "voyage",
    "jina",
    "stripe",
    "twilio",
    "sendgrid",
    "slack",
    "github",
    "maps",
    "weather",
    "rapidapi",
    "kaggle",
    "comet",
    "neptune",
    "openrouter",
    "deepseek",
    "elevenlabs",
    "deepgram",
    "assemblyai",
    "face",
    "form",
    "docintel",
    "intelligence",
    "grok",
    "xai",
];

/// Words before `token` in names of what is no secret.
const PLAIN_TOKENS: &[&str] = &[
    "eos",
    "bos",
    "pad",
    "sep",
    "cls",
    "mask",
    "unk",
    "stop",
    "start",
    "end",
    "begin",
    "special",
    "next",
    "page",
    "continuation",
    "sync",
    "boundary",
    "image",
    "audio",
    "video",
    "oov",
    "sos",
    "go",
    "separator",
    "delimiter",
    "sentinel",
    "im",
    "csrf",
    "casa",
];

/// What the name of a value says, if it is the name of a secret. `tokenizer`, `max_tokens`, `partition_key` are none.
pub(crate) fn kind_of(name: &str) -> Option<Kind> {
    let lower = name.to_ascii_lowercase();
    let plain: String = lower
        .trim_end_matches(|c: char| c.is_ascii_digit() || c == '_')
        .chars()
        .filter(|c| !matches!(c, '_' | '-' | '.'))
        .collect();
    let ends = |words: &[&str]| words.iter().any(|word| plain.ends_with(word));
    if ends(&["password", "passwd", "pwd", "passphrase"]) {
        return Some(Kind::Password);
    }
    if ends(&["secret", "secretvalue", "secretaccesskey"]) {
        return Some(Kind::Secret);
    }
    if ends(KEYS) || plain == "authorization" {
        return Some(Kind::Key);
    }
    if let Some(before) = plain.strip_suffix("key") {
        let known = VENDORS.iter().any(|vendor| before.ends_with(vendor));
        return known.then_some(Kind::Key);
    }
    let before = plain.strip_suffix("token")?;
    let is_plain = PLAIN_TOKENS.iter().any(|word| before.ends_with(word));
    (!is_plain).then_some(Kind::Token)
}

/// The values in `text` that are given to names of secrets.
pub(crate) fn find<'d>(text: &str, detector: &'d Detector) -> Vec<Secret<'d>> {
    let mut found = in_addresses(text, detector);
    let Some(words) = WORDS.as_ref() else {
        return found;
    };
    let bytes = text.as_bytes();
    let mut done = 0;
    for hit in words.find_iter(bytes) {
        if hit.start() < done {
            continue;
        }
        let name = around(bytes, hit.range());
        done = name.end;
        let Some(spelled) = text.get(name.clone()) else {
            continue;
        };
        let Some(kind) = kind_of(spelled) else {
            continue;
        };
        let Some(range) = value_of(bytes, &name) else {
            continue;
        };
        let Some(value) = text.get(range.clone()) else {
            continue;
        };
        if detector.takes(kind, value) {
            let name = spelled.to_owned();
            found.push(Secret {
                range,
                what: What::Assigned { kind, name },
            });
        }
    }
    found
}

fn in_addresses<'d>(text: &str, detector: &'d Detector) -> Vec<Secret<'d>> {
    let Some(regex) = ADDRESS.as_ref() else {
        return Vec::new();
    };
    if memchr::memmem::find(text.as_bytes(), b"://").is_none() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for captures in regex.captures_iter(text.as_bytes()) {
        let part = |name: &str| text.get(captures.name(name)?.range());
        let (Some(user), Some(host), Some(at)) = (part("user"), part("host"), captures.name("s"))
        else {
            continue;
        };
        let value = text.get(at.range()).unwrap_or_default();
        // Without a dot it is a machine of the author's own, or a container beside it.
        let is_near = !host.contains('.') || host.starts_with("127.") || host.starts_with("0.0.");
        let is_shown = host.contains("example") || host.ends_with(".invalid");
        let random = is_secret(Kind::Password, value) || is_secret(Kind::Key, value);
        let is_off = detector.is_off(Kind::Password.id()) || detector.is_allowed(value);
        if !is_near && !is_shown && user != value && random && !is_off {
            found.push(Secret {
                range: at.range(),
                what: What::Assigned {
                    kind: Kind::Password,
                    name: "password".to_owned(),
                },
            });
        }
    }
    found
}

/// The name that a word is a part of.
fn around(text: &[u8], word: Range<usize>) -> Range<usize> {
    let belongs = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let before = text[..word.start].iter().rev();
    let mut start = word.start - before.take_while(|byte| belongs(byte)).count();
    // The `n` of an escaped line break belongs to no name.
    if start > 0 && text[start - 1] == b'\\' && start < word.start {
        start += 1;
    }
    while start < word.start && text[start] == b'-' {
        start += 1;
    }
    let after = text[word.end..].iter();
    let end = word.end + after.take_while(|byte| belongs(byte)).count();
    start..end
}

/// Where the value stands that is given to the name.
fn value_of(text: &[u8], name: &Range<usize>) -> Option<Range<usize>> {
    let before = text[..name.start].last().copied();
    let quote_before = before.filter(|byte| matches!(byte, b'"' | b'\''));
    let mut at = name.end;
    let peek = |at: usize| text.get(at).copied();
    // The end of a quoted name, of a subscript, of an escaped quote.
    let mut quoted = false;
    if peek(at) == Some(b'\\') && matches!(peek(at + 1), Some(b'"' | b'\'')) {
        at += 2;
        quoted = true;
    } else if quote_before.is_some() && peek(at) == quote_before {
        at += 1;
        quoted = true;
    }
    if quoted && peek(at) == Some(b']') {
        at += 1;
    }
    let sign = at;
    at = blanks(text, at);
    match peek(at) {
        Some(b'=') => {
            if peek(at + 1) == Some(b'=') {
                return None;
            }
            at += 1;
        }
        Some(b':') => {
            at += 1;
            at += usize::from(peek(at) == Some(b'='));
            at = annotation(text, at).unwrap_or(at);
        }
        Some(b',') if quoted => at += 1,
        _ if at > sign && before == Some(b'-') => {
            // `--password VALUE`.
            return bare(text, at);
        }
        _ => return None,
    }
    let tight = blanks(text, at) == at;
    let mut value = blanks(text, at);
    if peek(value) == Some(b'(') {
        value = blanks(text, value + 1);
    }
    let prefix = text[value..]
        .iter()
        .take_while(|byte| matches!(byte, b'r' | b'R' | b'b' | b'B' | b'u' | b'U' | b'f' | b'F'))
        .count();
    let escaped = peek(value + prefix) == Some(b'\\');
    let open = value + prefix + usize::from(escaped);
    if prefix <= 2
        && let Some(quote @ (b'"' | b'\'')) = peek(open)
    {
        let triple = text.get(open..open + 3) == Some(&[quote; 3]);
        let start = open + if triple { 3 } else { 1 };
        let ends = |byte: &u8| matches!(byte, b'\n' | b'\\') || *byte == quote;
        let length = text[start..].iter().take_while(|byte| !ends(byte)).count();
        return Some(scheme(text, start..start + length));
    }
    let is_query = matches!(before, Some(b'?' | b'&'));
    if tight && (is_query || before == Some(b'-') || is_setting(text, name.start)) {
        return bare(text, value);
    }
    // `-H "api-key: VALUE"`.
    let header = quote_before.filter(|_| !quoted && peek(sign) == Some(b':'))?;
    let length = text[value..]
        .iter()
        .take_while(|byte| **byte != header && !matches!(byte, b'\n' | b'\\'))
        .count();
    Some(scheme(text, value..value + length))
}

/// A value without quotes, or with them.
fn bare(text: &[u8], at: usize) -> Option<Range<usize>> {
    let start = at + usize::from(matches!(text.get(at), Some(b'"' | b'\'')));
    let ends = |byte: &u8| byte.is_ascii_whitespace() || b"\"'`&;,)<>\\#|".contains(byte);
    let length = text[start..].iter().take_while(|byte| !ends(byte)).count();
    (length > 0).then(|| start..start + length)
}

/// Whether the name stands where shells and magics set variables: `export NAME`, `%env NAME`.
fn is_setting(text: &[u8], name: usize) -> bool {
    let line = text[..name].iter().rposition(|byte| *byte == b'\n');
    let before = &text[line.map_or(0, |at| at + 1)..name];
    let before = String::from_utf8_lossy(before);
    let words = ["export", "%env", "%set_env", "set", "ENV", "setx"];
    let before = before.trim().trim_start_matches(['!', '#', '$', ' ']);
    words.contains(&before)
}

/// Without the name of the scheme, which stands before a token in a header.
fn scheme(text: &[u8], range: Range<usize>) -> Range<usize> {
    let value = &text[range.clone()];
    for name in ["Bearer ", "Basic ", "Token ", "bearer ", "token ", "Key "] {
        if value.starts_with(name.as_bytes()) {
            return range.start + name.len()..range.end;
        }
    }
    range
}

/// What stands after `: str =`.
fn annotation(text: &[u8], at: usize) -> Option<usize> {
    let ends = |byte: &u8| matches!(byte, b'=' | b'"' | b'\'' | b'\n' | b',' | b'{' | b'(');
    let length = text[at..].iter().take(40).position(ends)?;
    (length > 0 && text.get(at + length) == Some(&b'=')).then_some(at + length + 1)
}

fn blanks(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count()
}
