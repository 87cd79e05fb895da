//! One line: its columns, and the marks a block may begin with.

use super::Align;

/// What is left of a line, with tabs counted as the columns they span.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    rest: &'a str,
    column: usize,
    /// Columns of a tab that was taken in part.
    owed: usize,
}

impl<'a> Line<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text, column: 0, owed: 0 }
    }

    pub(super) fn indent(&self) -> usize {
        let mut column = self.column;
        for byte in self.rest.bytes() {
            match byte {
                b' ' => column += 1,
                b'\t' => column += 4 - column % 4,
                _ => break,
            }
        }
        self.owed + column - self.column
    }

    pub(super) fn trimmed(&self) -> &'a str {
        self.rest.trim_start_matches([' ', '\t'])
    }

    pub(super) fn is_blank(&self) -> bool {
        self.trimmed().is_empty()
    }

    /// Takes up to so many columns of white space off the line.
    pub(super) fn skip(&mut self, columns: usize) {
        let mut wanted = columns;
        loop {
            let owed = self.owed.min(wanted);
            self.owed -= owed;
            wanted -= owed;
            if wanted == 0 {
                return;
            }
            let width = match self.rest.bytes().next() {
                Some(b' ') => 1,
                Some(b'\t') => 4 - self.column % 4,
                _ => return,
            };
            self.rest = &self.rest[1..];
            self.column += width;
            self.owed = width;
        }
    }

    /// Takes the indentation and a mark of so many bytes off the line.
    pub(super) fn take_indented(&mut self, width: usize) {
        self.skip(self.indent());
        self.rest = &self.rest[width..];
        self.column += width;
    }

    pub(super) fn push_to(&self, text: &mut String) {
        text.extend(std::iter::repeat_n(' ', self.owed));
        text.push_str(self.rest);
        text.push('\n');
    }
}

pub(super) struct Marker {
    /// The bullet, or what follows the number: a different mark is a different list.
    pub(super) mark: u8,
    pub(super) start: Option<u32>,
    pub(super) width: usize,
    empty: bool,
}

impl Marker {
    pub(super) fn of(rest: &str) -> Option<Self> {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let mark = *rest.as_bytes().get(digits)?;
        let start = match (digits, mark) {
            (0, b'-' | b'+' | b'*') => None,
            (1..=9, b'.' | b')') => Some(rest[..digits].parse().ok()?),
            _ => return None,
        };
        let width = digits + 1;
        let after = &rest[width..];
        let empty = after.trim_start_matches([' ', '\t']).is_empty();
        (empty || after.starts_with([' ', '\t'])).then_some(Self { mark, start, width, empty })
    }

    /// Whether it is too likely a word of a paragraph to end one.
    pub(super) fn is_weak(&self) -> bool {
        self.empty || self.start.is_some_and(|start| start != 1)
    }
}

pub(super) fn heading(rest: &str) -> Option<(u8, &str)> {
    let level = run_length(rest, b'#');
    let title = &rest[level..];
    if !(1..=6).contains(&level) || !(title.is_empty() || title.starts_with([' ', '\t'])) {
        return None;
    }
    let title = title.trim();
    let open = title.trim_end_matches('#');
    let title = if open.is_empty() || open.ends_with([' ', '\t']) { open } else { title };
    Some((level as u8, title.trim_end()))
}

pub(super) fn fence(rest: &str) -> Option<(u8, usize, &str)> {
    let mark = if rest.starts_with('~') { b'~' } else { b'`' };
    let length = run_length(rest, mark);
    let info = &rest[length..];
    (length >= 3 && (mark == b'~' || !info.contains('`'))).then_some((mark, length, info))
}

pub(super) fn is_rule(rest: &str) -> bool {
    let mark = rest.bytes().next().unwrap_or_default();
    let count = rest.bytes().filter(|byte| *byte == mark).count();
    matches!(mark, b'-' | b'_' | b'*')
        && count >= 3
        && rest.bytes().all(|byte| byte == mark || matches!(byte, b' ' | b'\t'))
}

/// The columns of the line between the head and the rows of a table.
pub(super) fn alignments(rest: &str) -> Option<Vec<Align>> {
    if !rest.contains('|') || !rest.bytes().all(|byte| b"|:- \t".contains(&byte)) {
        return None;
    }
    let column = |cell: &String| {
        let dashes = cell.trim_matches(':');
        let dashed = !dashes.is_empty() && dashes.bytes().all(|byte| byte == b'-');
        (dashed && cell.len() <= dashes.len() + 2).then_some(
            match (cell.starts_with(':'), cell.ends_with(':')) {
                (false, false) => Align::Default,
                (true, false) => Align::Left,
                (false, true) => Align::Right,
                (true, true) => Align::Center,
            },
        )
    };
    cells(rest).iter().map(column).collect()
}

pub(super) fn cells(row: &str) -> Vec<String> {
    let row = row.trim();
    let row = row.strip_prefix('|').unwrap_or(row);
    let mut cells = vec![String::new()];
    let mut escaped = false;
    for character in row.chars() {
        match cells.last_mut() {
            Some(cell) if character == '|' && escaped => {
                cell.pop();
                cell.push('|');
            }
            Some(cell) if character != '|' => cell.push(character),
            _ => cells.push(String::new()),
        }
        escaped = character == '\\' && !escaped;
    }
    for cell in &mut cells {
        *cell = cell.trim().to_owned();
    }
    // The bar at the end closes the last cell and begins none.
    if cells.len() > 1 && cells.last().is_some_and(String::is_empty) {
        cells.pop();
    }
    cells
}

pub(super) fn run_length(text: &str, mark: u8) -> usize {
    text.bytes().take_while(|byte| *byte == mark).count()
}
