//! Text in a code cell that is no Python, and what it is instead.

use std::sync::LazyLock;

use nbfix_ipynb::CellId;
use nbfix_semantic::{ProgramId, Semantic};
use nbfix_text::TextRange;
use regex::Regex;

/// What a text is in place of Python.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Foreign {
    /// A program in the language of this name.
    Language(&'static str),
    /// Lines that a program has logged.
    Log,
    /// An address of the web, alone in its line.
    Address,
}

/// Signs of a language in a line that Python cannot read. The likeliest stand first.
static LANGUAGES: LazyLock<Vec<(&str, Regex)>> = LazyLock::new(|| {
    let signs: [(&str, &str); 6] = [
        (
            "SQL",
            r"^(?:CREATE|create) (?:OR REPLACE |or replace )?(?:TABLE|table|VIEW|view|INDEX|index|DATABASE|database|SCHEMA|schema)\b|^SELECT [\w.*(), ]+ FROM [\w.]+\b|^select [\w.*(), ]+ from [\w.]+(?:;|\s+(?:where|limit|order|group|join)\b.*)?$|^(?:INSERT INTO|insert into|DELETE FROM|delete from|ALTER TABLE|alter table|DROP TABLE|drop table) \w|^(?:VACUUM|vacuum)\b.*;$",
        ),
        (
            "Scala",
            r"^(?:(?:private|lazy|implicit) )*val \w+(?:\s*:\s*[\w\[\], .]+)?\s*=|^override def \w|^def \w+.*=\s*(?:\{|\(.*=> *\{?)$|^(?:case class|object|trait) \w+.*(?:\{|extends)|^class \w+ extends \w",
        ),
        (
            "Java",
            r"^(?:public|private|protected) (?:static |final |abstract )*(?:class|interface|enum|void|[A-Za-z]\w*(?:<[\w, <>]+>)?) \w+.*[{;]$|^System\.out\.print|^@Override$",
        ),
        (
            "JavaScript",
            r"^(?:export )?(?:const|let|var) (?:\w+|[{\[][^=]*)\s*=[^=]|^(?:export |async )*function \w*\s*\(|^console\.\w+\(.*;$|^\}\)?;$",
        ),
        (
            "C#",
            r"^using [\w.]+;$|^namespace [\w.]+\s*[{;]?$|^Console\.Write",
        ),
        ("HTML", r"^<!DOCTYPE\b|^<(?:html|div|script|table)\b[^>]*>"),
    ];
    signs
        .into_iter()
        .filter_map(|(name, sign)| Some((name, Regex::new(sign).ok()?)))
        .collect()
});

/// What `line`, which Python cannot read, is; `text` is all that stands around it.
pub(crate) fn foreign(line: &str, text: &str) -> Option<Foreign> {
    static LOG: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let level = r"(?:TRACE|DEBUG|INFO|WARN|WARNING|ERROR|CRITICAL|FATAL)";
        let time = r"\[?\d{4}[-/]\d\d[-/]\d\d[ T]\d\d:\d\d";
        Regex::new(&format!(
            r#"^(?:{time}|\[?{level}\]?[ :]\s*[^\s=]|[^\s"'=(]+ (?:[^\s"'=(]+ )*\[?{level}\]?[ :])"#
        ))
        .ok()
    });
    static ADDRESS: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^https?://[^\s()]+$").ok());
    if ADDRESS.as_ref()?.is_match(line) {
        return Some(Foreign::Address);
    }
    let named = LANGUAGES.iter().find(|(_, sign)| sign.is_match(line));
    if let Some((name, _)) = named {
        return Some(Foreign::Language(name));
    }
    if LOG.as_ref()?.is_match(line) {
        return Some(Foreign::Log);
    }
    // A function without a name whose body is a block: Scala and JavaScript write it alike.
    let arrow = line.ends_with("=> {") || line.ends_with("=> (");
    arrow.then(|| {
        let scala = ["println(", "val ", ": Seq[", ": Option["];
        let is_scala = scala.iter().any(|sign| text.contains(sign));
        Foreign::Language(if is_scala { "Scala" } else { "JavaScript" })
    })
}

/// How many cells of R make a notebook of R.
const R_CELLS: usize = 3;

/// The first line of R in a notebook whose cells are R, and whose kernel is Python: the kernel was chosen wrongly, and no
/// cell is worth a word of its own.
pub(crate) fn first_r(semantic: &Semantic<'_>) -> Option<(CellId, TextRange)> {
    // `x <- 3` may come from a formatter for Python as `x < -3`.
    static R: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r#"(?m)^(?:[A-Za-z.][\w.]*(?:\$\w+)*[ \t]*<[ \t]?-[^\n]+|[A-Za-z.][\w.]*\$\w[^\n]*|library\(["']?[A-Za-z][\w.]*["']?\)[^\n]*)"#,
        )
        .ok()
    });
    let regex = R.as_ref()?;
    let (mut all, mut unread, mut cells, mut first) = (0, 0, 0, None);
    for unit in semantic.units_of(ProgramId::DOCUMENT) {
        all += usize::from(!unit.code.of(unit.source).trim().is_empty());
        // A program of Python that runs lines of R has them in strings.
        if unit.source.contains("rpy2") {
            return None;
        }
        let signs = ["<-", "< -", "$", "library("];
        let may = signs.iter().any(|sign| unit.source.contains(sign));
        if let Some(found) = may.then(|| regex.find(unit.source)).flatten() {
            cells += 1;
            unread += usize::from(!unit.module.errors().is_empty());
            let line = TextRange::new(
                found.start(),
                found.start() + found.as_str().trim_end().len(),
            );
            first = first.or(Some((unit.cell, line)));
        }
    }
    // Python reads `x < -3`, too, and a course may have a few cells of another language.
    (cells >= R_CELLS && unread > 0 && cells * 4 >= all)
        .then_some(first)
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::{Foreign, foreign};

    #[test]
    fn languages() {
        for (line, name) in [
            ("val logs = ssc.socketTextStream(host, port)", "Scala"),
            ("def updateCount = (counts: Seq[Int]) => {", "Scala"),
            ("class MyListener extends StreamingListener {", "Scala"),
            ("requests.foreachRDD((rdd, time) => {", "JavaScript"),
            ("public static void main(String[] args) {", "Java"),
            ("const reader = response.body.getReader();", "JavaScript"),
            ("select * from stl_load_errors;", "SQL"),
            ("CREATE TABLE part (", "SQL"),
            ("VACUUM FULL;", "SQL"),
            ("using System.Linq;", "C#"),
        ] {
            assert_eq!(foreign(line, line), Some(Foreign::Language(name)), "{line}");
        }
        let text = "rdds.foreach((rdd, time) => {\n    println(time)\n}";
        assert_eq!(
            foreign("rdds.foreach((rdd, time) => {", text),
            Some(Foreign::Language("Scala"))
        );
    }

    #[test]
    fn logs_and_addresses() {
        for line in [
            "dfs.DataNode$DataXceiver INFO Receiving block blk_-37507 src: /10.0.0.1:46933",
            "2024-05-01 10:11:12,123 - root - INFO - done",
            "[INFO] building the index",
            "WARNING: no token was found",
        ] {
            assert_eq!(foreign(line, line), Some(Foreign::Log), "{line}");
        }
        let line = "http://localhost:4040/";
        assert_eq!(foreign(line, line), Some(Foreign::Address));
    }

    #[test]
    fn mistakes_in_python() {
        for line in [
            "print('INFO done'",
            "if x => 5:",
            "class A extends:",
            "level = INFO x",
            "select the model from the list below",
            "value = let x",
            "def f(x) = 3 +",
            "data.loc[(:, 1)]",
            "log(WARNING: x)",
            "object = Box {",
        ] {
            assert_eq!(foreign(line, line), None, "{line}");
        }
    }
}
