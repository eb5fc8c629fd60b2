//! `nbfix fix --interactive`: a person decides, fix by fix.

use std::io::{self, BufRead};
use std::sync::Arc;

use nbfix_fix::{Answer, Proposal};
use nbfix_report::{Detector, Secrets, cell_diff};

use crate::terminal::{NAME, Terminal, visible};

/// What the letters mean.
const HELP: &str = "\
y - apply this fix
n - do not apply this fix
a - apply this fix and all later ones of this file
d - apply neither this fix nor any later one of this file
q - quit: what was accepted is written, nothing more is looked at
? - print help
";

/// Asks on stdout, and listens on stdin: to a terminal, or to answers that were written beforehand.
pub(super) struct Asker<'a> {
    terminal: &'a Terminal,
    /// What holds for the rest of the file.
    rest: Option<Answer>,
    quit: bool,
    /// What is masked in the file.
    secrets: Arc<Detector>,
}

impl<'a> Asker<'a> {
    pub(super) fn new(terminal: &'a Terminal) -> Self {
        Self {
            terminal,
            rest: None,
            quit: false,
            secrets: Arc::default(),
        }
    }

    /// Begins another file. Says whether there is anybody left to ask.
    pub(super) fn begin(&mut self, secrets: Arc<Detector>) -> bool {
        self.secrets = secrets;
        self.rest = None;
        !self.quit
    }

    /// Shows a fix, and gives what is to become of it.
    pub(super) fn ask(&mut self, name: &str, proposal: Proposal<'_>) -> Answer {
        if let Some(answer) = self.rest {
            return answer;
        }
        if self.show(name, proposal).is_err() {
            // Nobody sees what is asked.
            self.quit = true;
            return Answer::Stop;
        }
        loop {
            let prompt = self.terminal.paint(NAME, "Apply this fix [y,n,a,d,q,?]? ");
            let mut line = String::new();
            let read = self
                .terminal
                .print(prompt.as_bytes())
                .and_then(|()| io::stdin().lock().read_line(&mut line));
            let word = line.trim();
            let (answer, rest) = match (read, word) {
                // Nobody answers any more.
                (Ok(0) | Err(_), _) | (_, "q") => {
                    self.quit = true;
                    (Answer::Stop, None)
                }
                (_, "y") => (Answer::Apply, None),
                (_, "n") => (Answer::Skip, None),
                (_, "a") => (Answer::Apply, Some(Answer::Apply)),
                (_, "d") => (Answer::Stop, None),
                _ => {
                    // The next prompt fails, too, if this does.
                    let _ = self.terminal.print(HELP.as_bytes());
                    continue;
                }
            };
            self.rest = rest;
            // Where the answers are not typed, nothing ends the line of the prompt.
            if !io::IsTerminal::is_terminal(&io::stdin()) {
                let _ = self.terminal.print(b"\n");
            }
            return answer;
        }
    }

    fn show(&self, name: &str, proposal: Proposal<'_>) -> io::Result<()> {
        let Proposal {
            finding,
            fix,
            before,
            after,
        } = proposal;
        let rule = self.terminal.paint(NAME, finding.rule.name);
        let title = visible(&self.secrets.masked(&fix.title));
        let mut out = format!(
            "{rule}: {}\nfix ({}): {title}\n",
            visible(&self.secrets.masked(&finding.message)),
            fix.safety.as_str()
        );
        if let Some(caution) = &fix.caution {
            out.push_str(&format!(
                "caution: {}\n",
                visible(&self.secrets.masked(caution))
            ));
        }
        let mut out = out.into_bytes();
        cell_diff(
            &mut out,
            name,
            before,
            after,
            &self.terminal.style,
            Secrets::Masked(&self.secrets),
        )?;
        self.terminal.print(&out)
    }
}
