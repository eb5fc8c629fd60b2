//! The JSON schemas of pages and of the configuration.

use serde_json::Value;

/// The schema as it stands in the repository; a test holds it to the pages.
pub(crate) const SCHEMA: &str = include_str!("../../../rules/page.schema.json");

/// That of the configuration, likewise.
pub(crate) const CONFIG: &str = include_str!("../../../nbfix.schema.json");

/// What a key that every table of its sort must have is for.
pub(crate) fn description(key: &str) -> Option<String> {
    let schema: Value = serde_json::from_str(SCHEMA).ok()?;
    let definitions = schema["definitions"].as_object()?;
    let mut tables = std::iter::once(&schema).chain(definitions.values());
    let table = tables.find(|table| {
        let required = table["required"].as_array();
        required.is_some_and(|keys| keys.iter().any(|it| it == key))
    })?;
    let text = table["properties"][key]["description"].as_str()?;
    // It goes on in the middle of a sentence.
    let mut chars = text.trim_end_matches('.').chars();
    let first = chars.next()?;
    Some(first.to_lowercase().chain(chars).collect())
}
