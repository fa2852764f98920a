//! Rows with aligned cells.
//!
//! Invariant: the last cell is the one that may be long; it is wrapped below itself.

use super::style::{DIM, HANG, width};

/// A cell with more columns does not move those of other rows.
const WIDEST: usize = 40;

/// The side to which the cells of a column are aligned.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Rows below each other, indented by two columns.
pub(super) struct Table<const N: usize> {
    columns: [Align; N],
    rows: Vec<Row<N>>,
}

enum Row<const N: usize> {
    Cells([String; N]),
    /// A line for the rows below it.
    Heading(String),
}

impl<const N: usize> Table<N> {
    /// A table without rows.
    pub(super) fn new(columns: [Align; N]) -> Table<N> {
        Table { columns, rows: Vec::new() }
    }

    /// Adds a row; each cell is one line.
    pub(super) fn add(&mut self, cells: [String; N]) {
        self.rows.push(Row::Cells(cells));
    }

    /// Adds a line that is about the rows below it.
    pub(super) fn add_heading(&mut self, line: &str) {
        self.rows.push(Row::Heading(format!("  {DIM}{line}{DIM:#}\n")));
    }

    /// The rows as lines.
    pub(super) fn text(&self) -> String {
        let widest = |column: usize| {
            let widths = self.rows.iter().filter_map(|row| match row {
                Row::Cells(cells) => Some(width(&cells[column])),
                Row::Heading(_) => None,
            });
            widths.filter(|width| *width <= WIDEST).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..N).map(widest).collect();
        let line = |row: &Row<N>| match row {
            Row::Cells(cells) => self.line(cells, &widths),
            Row::Heading(line) => line.clone(),
        };
        self.rows.iter().map(line).collect()
    }

    fn line(&self, cells: &[String; N], widths: &[usize]) -> String {
        let mut line = String::new();
        for (at, cell) in cells.iter().enumerate() {
            line += "  ";
            let is_last = at + 1 == N;
            let gap = " ".repeat(widths[at].saturating_sub(width(cell)));
            match self.columns[at] {
                Align::Right => line += &gap,
                Align::Left if is_last => line.push(HANG),
                Align::Left => {}
            }
            line += cell;
            if self.columns[at] == Align::Left && !is_last {
                line += &gap;
            }
        }
        format!("{}\n", line.trim_end_matches([' ', HANG]))
    }
}
