//! `nbfix schema`.

use crate::outcome::Exit;
use crate::schema::SCHEMA;
use crate::terminal::Terminal;

/// Prints the JSON schema of pages.
pub(crate) fn schema(terminal: &Terminal) -> anyhow::Result<Exit> {
    terminal.print(SCHEMA.as_bytes())?;
    Ok(Exit::Clean)
}
