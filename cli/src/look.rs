//! How a text may look where it is shown.

use crate::args::ColourChoice;

/// The width of lines where no terminal tells one.
const WIDTH: usize = 120;

/// How a text may look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) colour: bool,
    /// How wide it may be, in columns.
    pub(crate) width: usize,
}

impl Look {
    /// What `choice`, the environment and the standard output ask for. COLUMNS goes before what
    /// the terminal says, and NO_COLOR before what it can.
    pub(crate) fn new(choice: ColourChoice, on_terminal: bool) -> Self {
        // https://no-color.org: set, and not empty.
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let columns = std::env::var("COLUMNS").ok();
        let columns = columns.and_then(|columns| columns.parse().ok());
        let size = terminal_size::terminal_size().filter(|_| on_terminal);
        let terminal = size.map(|(width, _)| usize::from(width.0));
        Self {
            colour: match choice {
                ColourChoice::Auto => on_terminal && !refused,
                ColourChoice::Always => true,
                ColourChoice::Never => false,
            },
            width: columns.or(terminal).unwrap_or(WIDTH).max(20),
        }
    }
}
