//! How it goes, a line on the serial line for each thing that has happened.
use board::figure;
use embedded_io::Write;
use gradlet::manager::Saved;
use resumable::Observer;

/// The first line of each start.
pub(crate) fn started(line: &mut impl Write) {
    // Nobody has to listen.
    let _ = line.write_all(b"started\n");
}

/// Reports to whoever listens.
pub(crate) struct Report<'a, W>(&'a mut W);

impl<'a, W: Write> Report<'a, W> {
    pub(crate) const fn new(line: &'a mut W) -> Self {
        Self(line)
    }

    fn line(&mut self, name: &str, step: i64) {
        // Nobody has to listen.
        let _ = board::write_figure(self.0, name, count(step), "step");
    }
}

impl<W: Write> Observer for Report<'_, W> {
    fn resumed(&mut self, step: i64) {
        self.line("resumed", step);
        figure("resumed", count(step), "step");
    }

    fn trained(&mut self, step: i64) {
        self.line("trained", step);
    }

    fn saved(&mut self, step: i64, _: Saved) {
        self.line("saved", step);
    }
}

fn count(step: i64) -> u32 {
    u32::try_from(step).unwrap_or(u32::MAX)
}
