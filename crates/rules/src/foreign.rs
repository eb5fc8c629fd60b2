//! Text in a code cell that is no Python, and what it is instead.

use std::sync::LazyLock;

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
