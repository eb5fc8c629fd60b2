//! `nbfix schema`.

use crate::arguments::{SchemaArguments, SchemaOf};
use crate::outcome::Exit;
use crate::schema::{CONFIG, SCHEMA};
use crate::terminal::Terminal;

/// Prints a JSON schema.
pub(crate) fn schema(arguments: &SchemaArguments, terminal: &Terminal) -> anyhow::Result<Exit> {
    let text = match arguments.of {
        SchemaOf::Page => SCHEMA,
        SchemaOf::Config => CONFIG,
    };
    terminal.print(text.as_bytes())?;
    Ok(Exit::Clean)
}
