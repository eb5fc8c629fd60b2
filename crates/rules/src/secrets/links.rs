//! Signed addresses that are meant to be handed around.

use nbfix_text::TextRange;

/// The day until which a signature lets everybody read one file and do nothing else, as the address has it
/// (`2030-07-17`): an Azure address of one blob (`sr=b`) that permits reading only (`sp=r`). `None` of any other
/// signature. `at` is the signature's place in the text.
pub(crate) fn readable_until(text: &str, at: TextRange) -> Option<&str> {
    let ends = |c: char| c.is_whitespace() || "\"'<>\\`".contains(c);
    let start = text.get(..at.start())?.rfind(ends).map_or(0, |at| at + 1);
    let rest = text.get(at.end()..)?;
    let end = at.end() + rest.find(ends).unwrap_or(rest.len());
    let (address, query) = text.get(start..end)?.split_once('?')?;
    let value = |name: &str| {
        let mut values = query.split(['&', ';']).filter_map(|part| {
            let (key, value) = part.split_once('=')?;
            (key == name).then_some(value)
        });
        // Of a parameter that stands twice nobody knows which one counts.
        values.next().filter(|_| values.next().is_none())
    };
    let day = value("se")?.get(..10)?;
    let is_link = value("sr") == Some("b") && value("sp") == Some("r");
    (is_link && address.contains(".blob.core.windows.net/")).then_some(day)
}
