//! `[models] extra = "models.csv"`: rows of one's own in a file, like those of `rules/data/models.csv`.

use std::borrow::Cow;
use std::fs;
use std::ops::Range;

use anyhow::bail;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::near;
use super::read::{Reader, Value};
use crate::inputs::shown;
use crate::terminal::reason;

/// Puts the rows of the file in place of its path, as if they stood in the configuration.
///
/// # Errors
/// If the file cannot be read, or a row has more fields than the first line has names.
pub(super) fn read(reader: &Reader<'_>, models: &mut Value<'_>) -> anyhow::Result<()> {
    let DeValue::Table(table) = models.get_mut() else {
        return Ok(());
    };
    let Some(extra) = table.get_mut("extra").filter(|it| it.get_ref().is_str()) else {
        return Ok(());
    };
    let place = extra.span();
    let path = reader.text("extra", extra)?;
    let file = near(&path);
    let text = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) => {
            let message = format!("{}: {}", shown(&file), reason(&error));
            bail!(path.origin.error(&message))
        }
    };
    let mut lines = text.trim_start_matches('\u{feff}').lines();
    let names: Vec<&str> = lines
        .next()
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .collect();
    let mut rows = DeArray::new();
    for (number, line) in (2..).zip(lines) {
        if line.trim().is_empty() {
            continue;
        }
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        if fields.len() > names.len() {
            let message = format!(
                "{}, line {number}: {} fields, and the first line names {}",
                shown(&file),
                fields.len(),
                names.len()
            );
            bail!(path.origin.error(&message))
        }
        rows.push(row(&names, &fields, &place));
    }
    *extra = Spanned::new(place, DeValue::Array(rows));
    Ok(())
}

/// A row as a table; what is empty is not said.
fn row(names: &[&str], fields: &[&str], place: &Range<usize>) -> Spanned<DeValue<'static>> {
    let mut row = DeTable::new();
    for (name, field) in names
        .iter()
        .zip(fields)
        .filter(|(_, field)| !field.is_empty())
    {
        row.insert(
            Spanned::new(place.clone(), Cow::Owned((*name).to_owned())),
            Spanned::new(
                place.clone(),
                DeValue::String(Cow::Owned((*field).to_owned())),
            ),
        );
    }
    Spanned::new(place.clone(), DeValue::Table(row))
}
