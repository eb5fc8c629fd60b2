//! `nbfix schema`.

use crate::outcome::Exit;
use crate::terminal::Terminal;

/// The schema as it stands in the repository; a test holds it to the pages.
const SCHEMA: &str = include_str!("../../../../rules/page.schema.json");

/// Prints the JSON schema of pages.
pub(crate) fn schema(terminal: &Terminal) -> anyhow::Result<Exit> {
    terminal.print(SCHEMA.as_bytes())?;
    Ok(Exit::Clean)
}
