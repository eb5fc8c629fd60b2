//! `[secrets]` of the configuration.

use std::borrow::Cow;
use std::sync::Arc;

use nbfix_secrets::{Allow, Detector, Own, Shape, ids};
use serde::Deserialize;

use crate::nearest;

/// `[secrets]`: what counts as a secret.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "SecretTable")]
pub struct SecretSettings {
    table: SecretTable,
    detector: Arc<Detector>,
}

impl SecretSettings {
    /// What finds secrets, and masks them.
    pub fn detector(&self) -> Arc<Detector> {
        Arc::clone(&self.detector)
    }
}

impl PartialEq for SecretSettings {
    fn eq(&self, other: &Self) -> bool {
        self.table == other.table
    }
}

/// The table as it is written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct SecretTable {
    /// Values that are harmless.
    allow: Vec<Allowed>,
    /// What is no secret here, by its id.
    ignore: Vec<SecretId>,
    /// Shapes of the project's own.
    shape: Vec<OwnShape>,
}

impl PartialEq for SecretTable {
    fn eq(&self, other: &Self) -> bool {
        let shapes = |table: &Self| -> Vec<_> {
            let own = table.shape.iter().map(|own| own.0.shape().clone());
            own.collect()
        };
        let allowed = |table: &Self| -> Vec<String> {
            let all = table.allow.iter().map(|allowed| allowed.0.clone());
            all.collect()
        };
        self.ignore == other.ignore
            && allowed(self) == allowed(other)
            && shapes(self) == shapes(other)
    }
}

impl From<SecretTable> for SecretSettings {
    fn from(table: SecretTable) -> Self {
        let own = table.shape.iter().map(|own| own.0.clone());
        let off = table.ignore.iter().map(|id| id.0.clone());
        let allow = table.allow.iter().map(|allowed| allowed.1.clone());
        let detector = Detector::new(own.collect(), off.collect(), allow.collect());
        Self {
            detector: Arc::new(detector),
            table,
        }
    }
}

/// A value that is harmless: as it is written, and as it is looked for.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
struct Allowed(String, Allow);

impl TryFrom<String> for Allowed {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let allow = Allow::new(&text)?;
        Ok(Self(text, allow))
    }
}

/// The id of what is no secret here.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(try_from = "String")]
struct SecretId(String);

impl TryFrom<String> for SecretId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if ids().any(|id| id == text) {
            return Ok(Self(text));
        }
        Err(match nearest(&text, ids()) {
            Some(meant) => format!("there is no secret `{text}`; did you mean `{meant}`?"),
            None => {
                let all: Vec<&str> = ids().collect();
                format!(
                    "there is no secret `{text}`; what may stand here is `{}`",
                    all.join("`, `")
                )
            }
        })
    }
}

/// A shape of the project's own.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "OwnRow")]
struct OwnShape(Own);

/// It as it is written: in the form of the rows that nbfix has.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnRow {
    id: String,
    name: String,
    regex: OwnRegex,
    #[serde(default)]
    needs: Vec<String>,
    #[serde(default)]
    env: Option<String>,
    #[serde(default)]
    revoke: String,
    #[serde(default = "entropy")]
    entropy: f64,
    #[serde(default = "digits")]
    digits: bool,
}

/// A regex that can be used; an error of it stands at its own place.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct OwnRegex(String);

impl TryFrom<String> for OwnRegex {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Own::check(&text)?;
        Ok(Self(text))
    }
}

fn entropy() -> f64 {
    3.0
}

fn digits() -> bool {
    true
}

impl TryFrom<OwnRow> for OwnShape {
    type Error = String;

    fn try_from(row: OwnRow) -> Result<Self, String> {
        let needs: Vec<Cow<'static, str>> = row.needs.into_iter().map(Cow::Owned).collect();
        let own = Own::new(Shape {
            id: row.id.into(),
            name: row.name.into(),
            regex: row.regex.0.into(),
            needs: needs.into(),
            revoke: row.revoke.into(),
            source: Cow::default(),
            as_of: Cow::default(),
            env: row.env.map(Cow::Owned),
            entropy: row.entropy,
            digits: row.digits,
            starts: 0,
        })?;
        Ok(Self(own))
    }
}
