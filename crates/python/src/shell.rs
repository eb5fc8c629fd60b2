//! Shell lines, as far as a linter must understand them: which programs they start.

use nbfix_text::TextRange;

/// One simple command of a shell text: its words, without redirections of their own account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The words, quotes taken off, with their ranges in the text that was read.
    pub words: Vec<Word>,
}

/// One word of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The text, quotes and backslashes taken off.
    pub text: String,
    /// Where it stands, quotes included.
    pub range: TextRange,
}

impl Command {
    /// The program's name without its folder, environment assignments and `sudo`, `env`, `time` skipped.
    pub fn program(&self) -> Option<&str> {
        self.words_from_program()
            .next()
            .map(|word| base_name(&word.text))
    }

    /// The words from the program's name on.
    pub fn words_from_program(&self) -> impl Iterator<Item = &Word> {
        let skipped = |word: &&Word| {
            matches!(
                word.text.as_str(),
                "sudo"
                    | "env"
                    | "time"
                    | "nohup"
                    | "exec"
                    | "command"
                    | "-E"
                    | "if"
                    | "then"
                    | "else"
                    | "do"
                    | "while"
                    | "until"
                    | "!"
                    | "{"
            ) || is_assignment(&word.text)
        };
        self.words.iter().skip_while(skipped)
    }

    /// The range from the first word to the last.
    pub fn range(&self) -> TextRange {
        match (self.words.first(), self.words.last()) {
            (Some(first), Some(last)) => first.range.cover(last.range),
            _ => TextRange::default(),
        }
    }
}

/// The last part of a path, in either slash.
pub fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// Whether `program` is the Azure CLI.
pub fn is_az(program: &str) -> bool {
    matches!(base_name(program), "az" | "az.cmd" | "az.exe" | "az.bat")
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

/// The simple commands of `code`, a part of `text`; pipes, lists and `$(...)` are taken apart, comments skipped.
/// Quotes that are not closed end with the text; nothing is expanded.
pub fn commands(text: &str, code: TextRange) -> Vec<Command> {
    let mut reader = Reader {
        text,
        at: code.start(),
        end: code.end().min(text.len()),
        commands: Vec::new(),
        words: Vec::new(),
        word: None,
    };
    reader.read();
    reader.commands
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    end: usize,
    commands: Vec<Command>,
    words: Vec<Word>,
    word: Option<(usize, String)>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at..self.end)?.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn push(&mut self, start: usize, piece: char) {
        self.word
            .get_or_insert_with(|| (start, String::new()))
            .1
            .push(piece);
    }

    fn end_word(&mut self, end: usize) {
        if let Some((start, text)) = self.word.take() {
            self.words.push(Word {
                text,
                range: TextRange::new(start, end),
            });
        }
    }

    fn end_command(&mut self, end: usize) {
        self.end_word(end);
        if !self.words.is_empty() {
            self.commands.push(Command {
                words: std::mem::take(&mut self.words),
            });
        }
    }

    fn read(&mut self) {
        while let Some(next) = self.peek() {
            let start = self.at;
            self.at += next.len_utf8();
            match next {
                '\n' | ';' | '|' | '&' | '(' | ')' | '`' => self.end_command(start),
                '\r' => {}
                '#' if self.word.is_none() => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.next();
                    }
                }
                c if c.is_whitespace() => self.end_word(start),
                '\\' => match self.next() {
                    Some('\n') => self.end_word(start),
                    Some(escaped) => self.push(start, escaped),
                    None => {}
                },
                '\'' => {
                    self.word.get_or_insert_with(|| (start, String::new()));
                    while let Some(inner) = self.next() {
                        if inner == '\'' {
                            break;
                        }
                        self.push(start, inner);
                    }
                }
                '"' => self.double_quoted(start),
                '$' if self.peek() == Some('(') => {
                    // A command of its own, whose result is one word of this one.
                    let inner = self.substitution();
                    self.push(start, '$');
                    self.commands.extend(inner);
                }
                other => self.push(start, other),
            }
        }
        self.end_command(self.end);
    }

    fn double_quoted(&mut self, start: usize) {
        self.word.get_or_insert_with(|| (start, String::new()));
        while let Some(inner) = self.next() {
            match inner {
                '"' => return,
                '\\' => {
                    if let Some(escaped) = self.next() {
                        self.push(start, escaped);
                    }
                }
                '$' if self.peek() == Some('(') => {
                    let commands = self.substitution();
                    self.push(start, '$');
                    self.commands.extend(commands);
                }
                other => self.push(start, other),
            }
        }
    }

    /// Reads `(...)` to its closing bracket and gives the commands inside.
    fn substitution(&mut self) -> Vec<Command> {
        let start = self.at + 1;
        let mut depth = 0usize;
        while let Some(next) = self.next() {
            match next {
                '(' => depth += 1,
                ')' => {
                    depth -= 1;
                    if depth == 0 {
                        break;
                    }
                }
                _ => {}
            }
        }
        // Nesting is bounded: each level reads a strictly shorter text.
        if depth > 0 || self.at.saturating_sub(start) > 4096 {
            return Vec::new();
        }
        commands(self.text, TextRange::new(start, self.at - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programs(text: &str) -> Vec<String> {
        commands(text, TextRange::new(0, text.len()))
            .iter()
            .filter_map(|command| command.program().map(str::to_owned))
            .collect()
    }

    #[test]
    fn every_program_of_a_line_is_found() {
        assert_eq!(programs("az account show -o json | jq .id"), ["az", "jq"]);
        assert_eq!(
            programs("A=1 sudo /usr/bin/az login && echo 'az x; y'"),
            ["az", "echo"]
        );
        assert_eq!(
            programs("export T=$(az account get-access-token)\n# az no\n"),
            ["az", "export"]
        );
        assert_eq!(programs("echo \"id: $(az account show)\""), ["az", "echo"]);
        assert_eq!(programs("az group \\\n  create -n x"), ["az"]);
        assert_eq!(
            programs("if az account show; then echo yes; fi"),
            ["az", "echo", "fi"]
        );
        assert_eq!(programs("echo 'unclosed az"), ["echo"]);
    }

    #[test]
    fn words_know_their_place() {
        let text = "  az rest --url 'a b'";
        let command = commands(text, TextRange::new(0, text.len())).remove(0);
        let last = command
            .words
            .last()
            .map(|word| (word.text.as_str(), word.range.of(text)));
        assert_eq!(last, Some(("a b", "'a b'")));
        assert_eq!(command.range().of(text), "az rest --url 'a b'");
    }
}
