//! What a model's name says: whether it is one, what the model can do, and short names for constants that hold it.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::bytes::{Regex, RegexBuilder};

/// Names of models that are served, with the prefixes of the providers that serve them.
static MODEL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    ascii(
        r"(?ix)^ (models/|openai/|azure/|azure_ai/|anthropic/|google/|gemini/|vertex_ai/|bedrock/|openrouter/[\w-]+/)?
        ( gpt-?(3|35|4|5|6|oss|image|realtime|audio|live|chat)[\w.\-]* | chatgpt-[\w.\-]+
        | o[134](-mini|-pro|-preview|-deep-research)?(-[\d-]+)?
        | dall-?e-?[23] | sora-2[\w-]* | whisper-1 | tts-1(-hd)? | text-embedding-[\w-]+
        | text-(davinci|curie|babbage|ada)-\d+ | code-davinci-\d+ | davinci-002 | babbage-002
        | claude-[\w.\-@:]+ | gemini-[\w.\-]+ | (text-)?embedding-gecko[\w@-]* | FLUX[.\-][\w.\-]+
        | (meta-)?llama-?[234][\w.\-]* | mi[sx]tral-[\w.\-]+ | codestral[\w.\-]* | command-(r|a)[\w.\-]*
        | embed-(english|multilingual|v-4)[\w.\-]* | deepseek-[\w.\-]+ | grok-[\w.\-]+ | phi-[345][\w.\-]*
        | Stable-(Diffusion|Image)[\w.\-]*
        | (us\.|eu\.|apac\.)?(anthropic|amazon|meta|cohere|mistral|ai21|stability)\.[\w.\-]+(:\d+)? ) $",
    )
});

/// Names of models are ASCII; without Unicode's tables an expression is compiled ten times faster.
pub(crate) fn ascii(pattern: &str) -> Option<Regex> {
    RegexBuilder::new(pattern).unicode(false).build().ok()
}

/// Whether the text names a model that somebody serves.
pub(crate) fn is_model(text: &str) -> bool {
    MODEL
        .as_ref()
        .is_some_and(|model| model.is_match(text.as_bytes()))
}

/// What models are for, as the names of constants have it, and the parts of names that tell it; the narrow before the wide.
const KINDS: &[(&str, &[&str])] = &[
    ("OCR_MODEL", &["ocr"]),
    ("MODERATION_MODEL", &["moderation"]),
    ("RERANK_MODEL", &["rerank"]),
    (
        "EMBEDDING_MODEL",
        &["embed", "ada-002", "similarity", "gecko"],
    ),
    (
        "COMPLETION_MODEL",
        &["davinci", "babbage", "turbo-instruct"],
    ),
    ("VIDEO_MODEL", &["sora"]),
    ("IMAGE_MODEL", &["dall", "image", "flux", "stable-"]),
    ("TRANSCRIPTION_MODEL", &["whisper", "transcribe", "voxtral"]),
    ("SPEECH_MODEL", &["tts"]),
    ("AUDIO_MODEL", &["audio", "realtime", "sonic"]),
];

/// What a model is for whose name and call tell nothing else.
pub(crate) const CHAT: &str = "CHAT_MODEL";

/// What the model can do, by its own name: `EMBEDDING_MODEL`, `IMAGE_MODEL`, ...
pub(crate) fn kind(model: &str) -> &'static str {
    let model = model.to_lowercase();
    let says = |words: &&[&str]| words.iter().any(|word| model.contains(word));
    let known = KINDS.iter().find(|(_, words)| says(words));
    known.map_or(CHAT, |(kind, _)| kind)
}

/// What a call asks for, by the members and keywords in its path (`images.generate`, `CohereRerank`, `embedding_model`).
pub(crate) fn kind_of_call(path: &str) -> &'static str {
    let path = path.to_lowercase();
    let parts: Vec<&str> = path.split('.').collect();
    let is = |name: &str| parts.contains(&name);
    if is("ocr") {
        "OCR_MODEL"
    } else if parts.iter().any(|part| part.starts_with("moderat")) {
        "MODERATION_MODEL"
    } else if parts.iter().any(|part| part.contains("rerank")) {
        "RERANK_MODEL"
    } else if parts.iter().any(|part| part.contains("embed")) {
        "EMBEDDING_MODEL"
    } else if is("videos") || is("generate_videos") {
        "VIDEO_MODEL"
    } else if is("images") || is("generate_images") || is("edit_image") || is("image_model") {
        "IMAGE_MODEL"
    } else if is("transcriptions") || is("translations") {
        "TRANSCRIPTION_MODEL"
    } else if is("speech") {
        "SPEECH_MODEL"
    } else {
        CHAT
    }
}

/// Who serves a model; that says nothing about which one it is.
const PROVIDERS: &[&str] = &[
    "us",
    "eu",
    "apac",
    "global",
    "anthropic",
    "amazon",
    "meta",
    "cohere",
    "mistral",
    "ai21",
    "stability",
];

/// Parts of names that tell neither the family nor the size.
const EMPTY: &[&str] = &["latest", "preview", "exp", "instruct", "hd", "default"];

/// Parts that the name of the constant says in its own way.
const SAID: &[&str] = &[
    "text",
    "embedding",
    "embeddings",
    "embed",
    "image",
    "ocr",
    "moderation",
    "rerank",
    "transcribe",
    "tts",
    "audio",
    "realtime",
];

/// The parts of a model's name, in lower case, without who serves it: `claude`, `3`, `5`, `haiku`, `20241022`, `v1`, `0`.
fn parts(model: &str) -> Vec<String> {
    let lower = model.to_lowercase();
    let mut name = lower.rsplit('/').next().unwrap_or_default();
    while let Some((first, rest)) = name.split_once('.') {
        if !PROVIDERS.contains(&first) {
            break;
        }
        name = rest;
    }
    let parts = name.split(|c: char| !c.is_ascii_alphanumeric());
    parts
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

fn is_number(part: &str) -> bool {
    part.chars().all(|c| c.is_ascii_digit())
}

/// `v1`, as providers count the revisions of one model.
fn is_revision(part: &str) -> bool {
    let number = part.strip_prefix('v');
    number.is_some_and(|number| !number.is_empty() && is_number(number))
}

/// The parts without dates, `v1:0` and words that say nothing: `claude`, `3`, `5`, `haiku`.
fn stem(model: &str) -> Vec<String> {
    let all = parts(model);
    let mut stem: Vec<String> = Vec::new();
    let mut in_date = false;
    for (index, part) in all.iter().enumerate() {
        let is_year = is_number(part) && part.len() == 4 && part.starts_with("20");
        in_date = is_year || in_date && is_number(part) && part.len() == 2;
        let behind_version = is_number(part) && index > 0 && is_revision(&all[index - 1]);
        let is_date = in_date || is_number(part) && part.len() >= 3;
        if !(is_date || is_revision(part) || behind_version || EMPTY.contains(&part.as_str())) {
            stem.push(part.clone());
        }
    }
    stem
}

/// Names for constants that hold these models, in their order, each with its kind. A kind that stands alone is the name;
/// else the family and the size come before it (`CLAUDE_HAIKU_MODEL`, `SMALL_EMBEDDING_MODEL`), and the version where that
/// is not enough. `is_free` tells whether a name can be had.
pub(crate) fn short_names(
    models: &[(&str, &'static str)],
    is_free: impl Fn(&str) -> bool,
) -> Vec<String> {
    // From short to long; the first that no other model of these has, and that is free, is taken.
    let candidates: Vec<Vec<String>> = models
        .iter()
        .map(|(model, kind)| {
            let alone = models.iter().filter(|(_, other)| other == kind).count() == 1;
            let mut names = vec![family(model, kind), versioned(model), full(model)];
            if alone {
                names.insert(0, (*kind).to_owned());
            }
            names
        })
        .collect();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    candidates
        .iter()
        .enumerate()
        .map(|(index, names)| {
            let is_ours_alone = |name: &&String| {
                let mut others = candidates.iter().enumerate();
                !others.any(|(other, names)| other != index && names.contains(name))
            };
            let free = |name: &str| !taken.contains(name) && is_free(name);
            let mut usable = names.iter().filter(|name| free(name));
            let name = usable.find(is_ours_alone).cloned();
            let name = name.unwrap_or_else(|| numbered(&versioned(models[index].0), free));
            taken.insert(name.clone());
            name
        })
        .collect()
}

/// The name with the version, with the first number that makes it free where it is not.
fn numbered(versioned: &str, free: impl Fn(&str) -> bool) -> String {
    let mut name = versioned.to_owned();
    let mut number = 2_u32;
    while !free(&name) {
        name = format!("{versioned}_{number}");
        number += 1;
    }
    name
}

/// Family and size, and what the model is for: `GPT_MINI_MODEL`, `LARGE_EMBEDDING_MODEL`.
fn family(model: &str, kind: &str) -> String {
    let own = if kind == CHAT { "MODEL" } else { kind };
    let mut words: Vec<String> = Vec::new();
    for part in stem(model) {
        // `llama3` is of the family `llama`; `o3` is one of its own.
        let word = part.trim_end_matches(|c: char| c.is_ascii_digit());
        let word = if word.len() > 1 { word } else { part.as_str() };
        let is_version = word.starts_with(|c: char| c.is_ascii_digit());
        let is_said = kind != CHAT && SAID.contains(&word);
        if !is_version && !is_said {
            words.push(word.to_uppercase());
        }
    }
    words.push(own.to_owned());
    words.join("_")
}

/// With the version: `GPT_4_1_MODEL`.
fn versioned(model: &str) -> String {
    joined(&stem(model))
}

/// With everything: `GPT_4_1106_PREVIEW_MODEL`.
fn full(model: &str) -> String {
    joined(&parts(model))
}

fn joined(parts: &[String]) -> String {
    let name = parts.join("_").to_uppercase();
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        format!("MODEL_{name}")
    } else {
        format!("{name}_MODEL")
    }
}

/// Whether a heading names the model: all that tells family, version and size stands together in it, in any order, as
/// in `# Claude 3.5 Haiku` for `anthropic.claude-3-5-haiku-20241022-v1:0`.
pub(crate) fn is_named_in(model: &str, heading: &str) -> bool {
    let mut wanted = stem(model);
    // A family without a version is named by every text about it; but this one has a single member.
    let is_single = wanted == ["whisper", "1"];
    if is_single {
        wanted.truncate(1);
    }
    let tells = is_single
        || wanted
            .iter()
            .any(|part| part.contains(|c: char| c.is_ascii_digit()));
    if wanted.is_empty() || !tells && wanted.len() < 2 {
        return false;
    }
    wanted.sort();
    let heading = heading.to_lowercase();
    let words: Vec<&str> = heading
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    words.windows(wanted.len()).enumerate().any(|(at, window)| {
        let mut window: Vec<&str> = window.to_vec();
        window.sort_unstable();
        // `GPT-4o mini` is not `gpt-4o`.
        let next = words.get(at + wanted.len());
        window == wanted && !next.is_some_and(|next| SIZES.contains(next))
    })
}

/// Words behind a model's name that make it another model's.
const SIZES: &[&str] = &[
    "mini", "nano", "pro", "flash", "lite", "turbo", "large", "small", "medium", "image", "audio",
    "realtime", "plus", "ultra",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn named(models: &[&str]) -> Vec<String> {
        let all: Vec<(&str, &'static str)> =
            models.iter().map(|model| (*model, kind(model))).collect();
        short_names(&all, |name| name != "TAKEN_MODEL")
    }

    #[test]
    fn constants_are_short_and_differ() {
        for (models, names) in [
            (&["gpt-4o"][..], &["CHAT_MODEL"][..]),
            (
                &["gpt-4o", "gpt-4o-mini", "text-embedding-3-small"],
                &["GPT_MODEL", "GPT_MINI_MODEL", "EMBEDDING_MODEL"],
            ),
            (
                &["babbage-002", "gpt-4o", "text-similarity-davinci-001"],
                &["COMPLETION_MODEL", "CHAT_MODEL", "EMBEDDING_MODEL"],
            ),
            (
                &["gpt-4.1", "gpt-4.1-mini", "o3-mini"],
                &["GPT_MODEL", "GPT_MINI_MODEL", "O3_MINI_MODEL"],
            ),
            (
                &["gpt-4o", "gpt-4-1106-preview", "gpt-4-0613"],
                &[
                    "GPT_4O_MODEL",
                    "GPT_4_1106_PREVIEW_MODEL",
                    "GPT_4_0613_MODEL",
                ],
            ),
            (
                &[
                    "us.anthropic.claude-3-5-haiku-20241022-v1:0",
                    "anthropic.claude-3-sonnet-20240229-v1:0",
                    "meta.llama3-1-70b-instruct-v1:0",
                ],
                &["CLAUDE_HAIKU_MODEL", "CLAUDE_SONNET_MODEL", "LLAMA_MODEL"],
            ),
            (
                &["text-embedding-3-small", "text-embedding-3-large"],
                &["SMALL_EMBEDDING_MODEL", "LARGE_EMBEDDING_MODEL"],
            ),
            (
                &["dall-e-2", "dall-e-3", "mistral-ocr-latest"],
                &["DALL_E_2_MODEL", "DALL_E_3_MODEL", "OCR_MODEL"],
            ),
            (
                &["us.amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"],
                &["NOVA_LITE_MODEL", "NOVA_LITE_MODEL_2"],
            ),
        ] {
            assert_eq!(named(models), names, "{models:?}");
        }
    }

    #[test]
    fn headings_name_models() {
        for (model, heading) in [
            ("gpt-4o", "# Vision with GPT-4o"),
            ("gemini-2.5-flash", "## Gemini 2.5 Flash"),
            (
                "us.anthropic.claude-3-5-haiku-20241022-v1:0",
                "# Tools of Claude Haiku 3.5",
            ),
            ("mistral-embed", "# `mistral-embed`"),
            ("whisper-1", "# How to prompt Whisper"),
        ] {
            assert!(is_named_in(model, heading), "{model}: {heading}");
        }
        for (model, heading) in [
            ("gpt-4o", "# Vision with GPT-4o mini"),
            ("gpt-4", "# GPT-4o"),
            ("gemini-2.5-flash", "# Gemini"),
            ("whisper", "# Whisper"),
        ] {
            assert!(!is_named_in(model, heading), "{model}: {heading}");
        }
    }
}
