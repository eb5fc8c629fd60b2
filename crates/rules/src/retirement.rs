//! The table of models and the days on which they are shut down, `rules/data/models.csv`.

use std::fmt;
use std::sync::LazyLock;

use rustc_hash::FxHashMap;
use serde::Deserialize;

use crate::settings::OwnModel;

/// A day, written `2026-11-21`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(try_from = "String")]
pub struct Date {
    /// The year, from 1970.
    pub year: u16,
    /// The month, from 1.
    pub month: u8,
    /// The day, from 1.
    pub day: u8,
}

impl Date {
    /// The day that many days after 1970-01-01.
    pub fn of_days(days: u32) -> Self {
        // Howard Hinnant's `civil_from_days`, for days since 1970.
        let shifted = days + 719_468;
        let era = shifted / 146_097;
        let day_of_era = shifted % 146_097;
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 {
            month_from_march + 3
        } else {
            month_from_march - 9
        };
        let year = year_of_era + era * 400 + u32::from(month <= 2);
        Self {
            year: u16::try_from(year).unwrap_or(u16::MAX),
            month: u8::try_from(month).unwrap_or(1),
            day: u8::try_from(day).unwrap_or(1),
        }
    }

    /// Days since 1970-01-01.
    pub fn days(self) -> u32 {
        let year = u32::from(self.year) - u32::from(self.month <= 2);
        let era = year / 400;
        let year_of_era = year - era * 400;
        let month_from_march = (u32::from(self.month) + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + u32::from(self.day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        (era * 146_097 + day_of_era).saturating_sub(719_468)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl std::str::FromStr for Date {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no day; write it like 2026-11-21");
        let mut parts = text.split('-');
        let mut next = |length: usize| -> Option<u16> {
            let part = parts.next().filter(|part| part.len() == length)?;
            part.parse().ok()
        };
        let parsed = (|| Some((next(4)?, next(2)?, next(2)?)))();
        let (year, month, day) = parsed.ok_or_else(wrong)?;
        let date = Self {
            year,
            month: u8::try_from(month).map_err(|_| wrong())?,
            day: u8::try_from(day).map_err(|_| wrong())?,
        };
        // A day that does not exist is another one when it is counted.
        let exists = (1970..2500).contains(&year) && (1..=12).contains(&month) && day > 0;
        if exists && parts.next().is_none() && Self::of_days(date.days()) == date {
            Ok(date)
        } else {
            Err(wrong())
        }
    }
}

impl TryFrom<String> for Date {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// Who serves a model, as far as it matters for its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Provider {
    OpenAi,
    Azure,
    Anthropic,
    Gemini,
    Vertex,
    Mistral,
    Xai,
    Groq,
    DeepSeek,
}

/// The words for providers, in the table and in configurations.
pub(crate) const PROVIDERS: [(&str, Provider); 9] = [
    ("openai", Provider::OpenAi),
    ("azure", Provider::Azure),
    ("anthropic", Provider::Anthropic),
    ("gemini", Provider::Gemini),
    ("vertex", Provider::Vertex),
    ("mistral", Provider::Mistral),
    ("xai", Provider::Xai),
    ("groq", Provider::Groq),
    ("deepseek", Provider::DeepSeek),
];

impl Provider {
    fn of_word(word: &str) -> Option<Self> {
        let found = PROVIDERS.iter().find(|(known, _)| *known == word);
        found.map(|(_, provider)| *provider)
    }

    /// The name that the reader knows.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::OpenAi => "OpenAI",
            Self::Azure => "Azure",
            Self::Anthropic => "Anthropic",
            Self::Gemini => "the Gemini API",
            Self::Vertex => "Vertex AI",
            Self::Mistral => "Mistral",
            Self::Xai => "xAI",
            Self::Groq => "Groq",
            Self::DeepSeek => "DeepSeek",
        }
    }
}

/// The end of a model.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End<'t> {
    pub(crate) shutdown: Date,
    pub(crate) successor: Option<&'t str>,
    /// Whether it makes pictures or films: its successors take other arguments.
    pub(crate) pictures: bool,
    /// Whether it goes on with a text, for which it is asked in a way of its own: no model for chats takes its place.
    pub(crate) completes: bool,
    pub(crate) source: &'t str,
    pub(crate) as_of: &'t str,
}

static ENDS: LazyLock<FxHashMap<Provider, FxHashMap<&'static str, End<'static>>>> =
    LazyLock::new(|| {
        let rows = include_str!("../../../rules/data/models.csv")
            .lines()
            .skip(1);
        let mut ends: FxHashMap<Provider, FxHashMap<&'static str, End<'static>>> =
            FxHashMap::default();
        for (provider, model, end) in rows.filter_map(row) {
            ends.entry(provider).or_default().insert(model, end);
        }
        ends
    });

fn row(line: &'static str) -> Option<(Provider, &'static str, End<'static>)> {
    let fields: Vec<&'static str> = line.split(',').collect();
    let [provider, model, shutdown, mode, successor, source, as_of] = fields.as_slice() else {
        return None;
    };
    let end = End {
        shutdown: shutdown.parse().ok()?,
        successor: Some(*successor).filter(|name| !name.is_empty()),
        pictures: makes_pictures(mode),
        completes: *mode == "completion",
        source,
        as_of,
    };
    Some((Provider::of_word(provider)?, *model, end))
}

/// When and how a model ends, by what the user says before the table; `None` if nothing is known of that.
pub(crate) fn end_of<'s>(own: &'s [OwnModel], provider: Provider, model: &str) -> Option<End<'s>> {
    let model = model.strip_prefix("models/").unwrap_or(model);
    let is_it = |row: &&OwnModel| {
        row.model == model && Provider::of_word(row.provider.as_str()) == Some(provider)
    };
    if let Some(row) = own.iter().find(is_it) {
        let or = |text: &'s str, other: &'s str| if text.is_empty() { other } else { text };
        return Some(End {
            shutdown: row.shutdown?,
            successor: Some(row.successor.as_str()).filter(|name| !name.is_empty()),
            pictures: makes_pictures(&row.mode),
            completes: row.mode == "completion",
            source: or(&row.source, "the configuration"),
            as_of: &row.as_of,
        });
    }
    ENDS.get(&provider)?.get(model).copied()
}

fn makes_pictures(mode: &str) -> bool {
    matches!(mode, "image" | "video")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted() {
        for (text, days) in [
            ("1970-01-01", 0),
            ("1970-03-01", 59),
            ("2000-02-29", 11_016),
            ("2026-11-21", 20_778),
        ] {
            let date: Date = text.parse().unwrap_or(Date {
                year: 0,
                month: 0,
                day: 0,
            });
            assert_eq!(date.days(), days, "{text}");
            assert_eq!(Date::of_days(days).to_string(), text);
        }
        for wrong in [
            "2026-02-30",
            "2026-13-01",
            "26-01-01",
            "2026-1-1",
            "2026-01-01-01",
            "",
            "x",
        ] {
            assert!(wrong.parse::<Date>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_row_is_read() {
        let rows = include_str!("../../../rules/data/models.csv")
            .lines()
            .count();
        assert!(rows > 400);
        let all = || ENDS.values().flat_map(|ends| ends.values());
        assert_eq!(all().count(), rows - 1);
        let is_date = |end: &End<'_>| end.as_of.parse::<Date>().is_ok() && !end.source.is_empty();
        assert!(all().all(is_date), "a source and a day on every row");
    }
}
