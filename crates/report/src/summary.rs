//! The last line of a run.

use std::fmt;

use nbfix_lint::{Level, Safety};

use crate::Document;

/// What a run over many documents came to. Its text has one line, without a line break.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Documents that were checked.
    pub files: usize,
    /// Documents with findings.
    pub affected: usize,
    /// Findings that are errors.
    pub errors: usize,
    /// Findings that are warnings.
    pub warnings: usize,
    /// Findings that are notes.
    pub notes: usize,
    /// Findings with a safe fix.
    pub safe: usize,
    /// Findings with an unsafe fix.
    pub not_safe: usize,
    /// Rules that panicked, once for each document.
    pub crashes: usize,
}

impl Summary {
    /// Counts one document.
    pub fn add(&mut self, document: &Document) {
        self.files += 1;
        self.affected += usize::from(!document.findings.is_empty());
        self.crashes += document.crashes.len();
        for finding in document.findings {
            match finding.level {
                Level::Error => self.errors += 1,
                Level::Warning => self.warnings += 1,
                Level::Note => self.notes += 1,
            }
            match finding.fix.as_ref().map(|fix| fix.safety) {
                Some(Safety::Safe) => self.safe += 1,
                Some(Safety::Unsafe) => self.not_safe += 1,
                Some(Safety::Display) | None => {}
            }
        }
    }
}

impl Summary {
    /// Adds the numbers of others.
    pub fn join(&mut self, other: &Summary) {
        // Named one by one, so that a number that comes is not forgotten here.
        let Summary {
            files,
            affected,
            errors,
            warnings,
            notes,
            safe,
            not_safe,
            crashes,
        } = other;
        self.files += files;
        self.affected += affected;
        self.errors += errors;
        self.warnings += warnings;
        self.notes += notes;
        self.safe += safe;
        self.not_safe += not_safe;
        self.crashes += crashes;
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = self.errors + self.warnings + self.notes;
        if found == 0 {
            write!(f, "Found nothing in {}", count(self.files, "file"))?;
        } else {
            let levels = [
                (self.errors, "error"),
                (self.warnings, "warning"),
                (self.notes, "note"),
            ];
            let levels = levels.iter().filter(|(number, _)| *number > 0);
            let levels: Vec<String> = levels.map(|(number, word)| count(*number, word)).collect();
            let found = count(found, "finding");
            let files = match (self.affected, self.files) {
                (affected, files) if affected == files => count(files, "file"),
                (affected, files) => format!("{affected} of {}", count(files, "file")),
            };
            write!(f, "Found {found} ({}) in {files}", levels.join(", "))?;
        }
        match (self.safe, self.not_safe) {
            (0, 0) => {}
            (safe, 0) => write!(f, "; {safe} can be fixed with `nbfix fix`")?,
            (0, more) => write!(f, "; {more} can be fixed with `nbfix fix --unsafe`")?,
            (safe, more) => write!(
                f,
                "; {safe} can be fixed with `nbfix fix`, {more} more with `nbfix fix --unsafe`"
            )?,
        }
        match self.crashes {
            0 => write!(f, "."),
            1 => write!(f, ". A rule panicked: please report it."),
            many => write!(f, ". Rules panicked {many} times: please report it."),
        }
    }
}

fn count(number: usize, word: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {word}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_there_is_and_no_more() {
        let summary = Summary {
            files: 20,
            affected: 4,
            errors: 3,
            warnings: 8,
            notes: 1,
            safe: 5,
            not_safe: 4,
            crashes: 0,
        };
        assert_eq!(
            summary.to_string(),
            "Found 12 findings (3 errors, 8 warnings, 1 note) in 4 of 20 files; \
             5 can be fixed with `nbfix fix`, 4 more with `nbfix fix --unsafe`."
        );
        let one = Summary {
            files: 1,
            affected: 1,
            errors: 1,
            crashes: 1,
            ..Summary::default()
        };
        assert_eq!(
            one.to_string(),
            "Found 1 finding (1 error) in 1 file. A rule panicked: please report it."
        );
        let none = Summary {
            files: 20,
            ..Summary::default()
        };
        assert_eq!(none.to_string(), "Found nothing in 20 files.");
    }
}
